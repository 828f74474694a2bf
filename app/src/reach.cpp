#include "reach.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "change_user.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::fail_errno;
using base::ok;
using base::Result;

namespace {

constexpr int kReached = 0;
constexpr int kFirst = 1;
constexpr int kNotAsked = 255;

/// In the child: nothing but system calls.
int closed_one(const std::vector<std::filesystem::path>& way, const Account& account) {
  if (change_user(account, Groups::dropped) != nullptr) return kNotAsked;
  for (std::size_t index = 0; index < way.size(); ++index) {
    if (::access(way[index].c_str(), X_OK) != 0) return kFirst + static_cast<int>(index);
  }
  return kReached;
}

std::vector<std::filesystem::path> way_to(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> way;
  std::filesystem::path at;
  for (const auto& part : path) {
    at /= part;
    if (way.size() < kNotAsked - kFirst) way.push_back(at);
  }
  return way;
}

Result<> check(const std::filesystem::path& way, const std::filesystem::path& data, const Identities& identities) {
  if (::geteuid() != 0) return ok();
  for (const auto kind : {ProcessKind::vault, ProcessKind::ssh, ProcessKind::web, ProcessKind::rotator}) {
    const auto& account = identities.of(kind);
    if (!account) continue;
    SALLYPORT_TRY(const auto closed, first_closed_directory(way, *account));
    if (!closed) continue;
    return fail(Errc::denied, "the process " + std::string(to_string(kind)) + " (uid " + std::to_string(account->uid) +
                                  ") can't enter " + closed->string() + ", and has to for " + data.string() +
                                  ": chmod o+x " + closed->string() + ", or choose another data directory");
  }
  return ok();
}

}  // namespace

Result<std::optional<std::filesystem::path>> first_closed_directory(const std::filesystem::path& path,
                                                                    const Account& account) {
  const auto way = way_to(path);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("can't fork", errno);
  if (child == 0) ::_exit(closed_one(way, account));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const int answer = WIFEXITED(status) ? WEXITSTATUS(status) : kNotAsked;
  if (answer == kNotAsked) return fail(Errc::internal, "can't see whether a process gets to " + path.string());
  if (answer == kReached) return std::optional<std::filesystem::path>();
  return std::optional(way[static_cast<std::size_t>(answer - kFirst)]);
}

Result<> check_reach(const std::filesystem::path& data, const Identities& identities) {
  return check(data, data, identities);
}

Result<> check_way(const std::filesystem::path& data, const Identities& identities) {
  const auto above = data.has_filename() ? data.parent_path() : data.parent_path().parent_path();  // "/srv/data/"
  return check(above, data, identities);
}

}  // namespace sallyport::app
