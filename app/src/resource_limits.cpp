#include "resource_limits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace sallyport::app {
namespace {

// The listener holds one descriptor for a session and one more while it dials, the vault one; both have others for
// strangers, API connections and their own files. docs/processes.md, "What each gives up".
constexpr std::uint64_t kFilesAtMost = 4096;
constexpr std::uint64_t kFilesBesides = 256;
constexpr std::uint64_t kFilesEach = 2;

constexpr std::uint64_t kStoreAtLeast = 16U << 20U;
constexpr std::uint64_t kRoomyFile = 4096ULL << 20U;  ///< weeks of a session, millions of events

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

}  // namespace

base::Result<FittedLimits> fit_limits(unsigned max_sessions, const GivenLimits& given) {
  FittedLimits fitted{max_sessions, {}};
  const std::uint64_t files = std::min(given.files, kFilesAtMost);
  const std::uint64_t fit = files > kFilesBesides ? (files - kFilesBesides) / kFilesEach : 0;
  if (fit == 0)
    return base::fail(base::Errc::limit, "only " + std::to_string(given.files) + " open files are allowed, " +
                                             std::to_string(kFilesBesides + kFilesEach) +
                                             " are needed at least: raise the limit (ulimit -n, LimitNOFILE=)");
  if (max_sessions > fit) {
    fitted.max_sessions = static_cast<unsigned>(fit);
    fitted.warnings.push_back("ssh.max_sessions is " + std::to_string(max_sessions) + ", and " + std::to_string(files) +
                              " open files are enough for " + std::to_string(fit) + ": so many are let in" +
                              (given.files < kFilesAtMost ? " (ulimit -n, LimitNOFILE=)" : ""));
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
