#include "resource_limits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace sallyport::app {
namespace {

/// What one process may have open: each has the limit for itself. docs/processes.md, "What each gives up".
struct Need {
  std::uint64_t at_most;  ///< more it does not ask for (privileges.cpp)
  std::uint64_t besides;
  std::uint64_t each;

  std::uint64_t fit(std::uint64_t files) const noexcept {
    files = std::min(files, at_most);
    return files > besides ? (files - besides) / each : 0;
  }
};

// A session, or a stranger on the way to one, costs the listener two: the caller and the vault's connection, later the
// child's link and a dial. Besides: the same for 100 that were pushed out and are not gone yet, and 56 of its own.
constexpr Need kListener{4096, 256, 2};
// The vault holds one for a session, so 256 besides are more than it needs where the listener has them.
// A connection of the API costs two while a recording goes through it. Besides: ports, the vault's link, the loop's
// own.
constexpr Need kWeb{16384, 32, 2};

constexpr std::uint64_t kStoreAtLeast = 16U << 20U;
constexpr std::uint64_t kRoomyFile = 4096ULL << 20U;  ///< weeks of a session, millions of events

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

std::string lowered(std::string wanted, const Need& need, std::uint64_t given) {
  return std::move(wanted) + ", and " + std::to_string(std::min(given, need.at_most)) + " open files are enough for " +
         std::to_string(need.fit(given)) + ": so many are let in" +
         (given < need.at_most ? " (ulimit -n, LimitNOFILE=)" : "");
}

}  // namespace

base::Result<FittedLimits> fit_limits(unsigned max_sessions, unsigned max_api, const GivenLimits& given) {
  FittedLimits fitted{max_sessions, max_api, {}};
  const auto sessions = kListener.fit(given.files);
  if (sessions == 0)
    return base::fail(base::Errc::limit, "only " + std::to_string(given.files) + " open files are allowed, " +
                                             std::to_string(kListener.besides + kListener.each) +
                                             " are needed at least: raise the limit (ulimit -n, LimitNOFILE=)");
  if (max_sessions > sessions) {
    fitted.max_sessions = static_cast<unsigned>(sessions);
    fitted.warnings.push_back(lowered("ssh.max_sessions is " + std::to_string(max_sessions), kListener, given.files));
  }
  if (const auto api = kWeb.fit(given.files); max_api > api) {
    fitted.max_api = static_cast<unsigned>(api);
    fitted.warnings.push_back(lowered("the API has places for " + std::to_string(max_api), kWeb, given.files));
  }
  if (given.file_size < kStoreAtLeast)
    return base::fail(base::Errc::limit, "files can grow to " + mebibytes(given.file_size) +
                                             " only, the store needs more: raise the limit (ulimit -f, LimitFSIZE=)");
  if (given.file_size < kRoomyFile)
    fitted.warnings.push_back("files can grow to " + mebibytes(given.file_size) +
                              " only: a session whose recording comes to that ends, and nothing is released once the "
                              "store does (ulimit -f, LimitFSIZE=)");
  return fitted;
}

base::Result<GivenLimits> given_limits() {
  rlimit files{};
  rlimit size{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || ::getrlimit(RLIMIT_FSIZE, &size) != 0)
    return base::fail_errno("can't read the limits of this process", errno);
  // Descriptors are raised to the hard limit where they are needed; the size of a file stays at the soft one.
  return GivenLimits{files.rlim_max, size.rlim_cur};
}

void ignore_write_signals() noexcept {
  (void)::signal(SIGPIPE, SIG_IGN);
  (void)::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace sallyport::app
