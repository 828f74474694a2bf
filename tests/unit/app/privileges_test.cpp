#include "sallyport/app/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <string>

#include "apart.hpp"
#include "sallyport/app/sandbox.hpp"
#include "sallyport/app/server_main.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport::app;
namespace base = sallyport::base;
using sallyport::test::apart;

namespace {

/// Exit status of a forked child; 200 when it was killed.
int in_child(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

bool root() { return ::geteuid() == 0; }

/// "0000000000000000" and such from /proc/self/status.
std::string status_line(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return {};
}

}  // namespace

TEST_CASE("every process loses new privileges, core dumps and being looked into") {
  const auto kind =
      GENERATE(ProcessKind::vault, ProcessKind::ssh, ProcessKind::web, ProcessKind::rotator, ProcessKind::session);
  CHECK(in_child([kind] {
          if (!drop_privileges(kind, Identities{})) return 1;
          rlimit core{};
          ::getrlimit(RLIMIT_CORE, &core);
          if (core.rlim_max != 0) return 2;
          if (::prctl(PR_GET_DUMPABLE) != 0) return 3;
          return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
        }) == 0);
}

TEST_CASE("a session's child has few descriptors and may start no process") {
  CHECK(in_child([] {
          if (!drop_privileges(ProcessKind::session, Identities{}) || !forbid_processes()) return 1;
          rlimit files{};
          rlimit processes{};
          ::getrlimit(RLIMIT_NOFILE, &files);
          ::getrlimit(RLIMIT_NPROC, &processes);
          return files.rlim_max == 64 && processes.rlim_max == 0 ? 0 : 2;
        }) == 0);
}

TEST_CASE("started as root, a process becomes its own user, in no other group, and not root again") {
  if (!root()) return;
  const auto who = apart();
  const auto kind = GENERATE(ProcessKind::vault, ProcessKind::web, ProcessKind::rotator);
  const auto account = *who.of(kind);
  CHECK(in_child([&] {
          const gid_t groups[] = {0, 4};
          if (::setgroups(2, groups) != 0 || !drop_privileges(kind, who)) return 1;
          if (::getuid() != account.uid || ::geteuid() != account.uid || ::getgid() != account.gid) return 2;
          if (::getgroups(0, nullptr) != 0) return 3;
          if (::setuid(0) == 0 || ::seteuid(0) == 0) return 4;
          return status_line("CapPrm") == "0000000000000000" ? 0 : 5;
        }) == 0);
}

TEST_CASE("the listener keeps the right to become the session's user, and no other") {
  if (!root()) return;
  const auto who = apart();
  CHECK(in_child([&] {
          if (!drop_privileges(ProcessKind::ssh, who)) return 1;
          if (::getuid() != who.ssh->uid || ::getgid() != who.ssh->gid) return 2;
          if (status_line("CapPrm") != "00000000000000c0") return 3;  // CAP_SETGID and CAP_SETUID
          if (::setuid(0) == 0 || ::setresuid(0, 0, 0) == 0 || ::setresgid(0, 0, 0) == 0) return 4;
          if (::setresuid(who.vault->uid, who.vault->uid, who.vault->uid) == 0) return 5;
          if (::setresuid(who.session->uid, who.session->uid, 0) == 0) return 6;
          gid_t group = 0;
          if (::setgroups(1, &group) == 0) return 7;
          return 0;
        }) == 0);
}

TEST_CASE("a session's child becomes the session's user from the listener, and keeps nothing") {
  if (!root()) return;
  const auto who = apart();
  CHECK(in_child([&] {
          if (!drop_privileges(ProcessKind::ssh, who)) return 1;
          return in_child([&] {
            if (!drop_privileges(ProcessKind::session, who)) return 2;
            uid_t real = 0;
            uid_t effective = 0;
            uid_t saved = 0;
            ::getresuid(&real, &effective, &saved);
            if (real != who.session->uid || effective != real || saved != real || ::getgid() != who.session->gid)
              return 3;
            if (status_line("CapPrm") != "0000000000000000" || status_line("CapEff") != "0000000000000000") return 4;
            return ::setresuid(who.ssh->uid, who.ssh->uid, who.ssh->uid) == 0 ? 5 : 0;
          });
        }) == 0);
}

TEST_CASE("the listener can make no namespace in which its numbers mean others") {
  if (!root()) return;
  const auto who = apart();
  CHECK(in_child([&] {
          if (!drop_privileges(ProcessKind::ssh, who)) return 1;
          return ::unshare(CLONE_NEWUSER) == 0 ? 2 : 3;
        }) == 200);
  // As root, who may make namespaces anywhere: the filter alone refuses.
  CHECK(in_child([&] {
          if (!enter_listener_sandbox(*who.session)) return 1;
          const long made = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
          if (made == 0) ::_exit(9);
          return made < 0 && errno == EPERM ? 0 : 2;
        }) == 0);
}

TEST_CASE("of all descriptors only the named ones stay open") {
  CHECK(in_child([] {
          const int first = ::open("/dev/null", O_RDONLY);
          const int second = ::open("/dev/null", O_RDONLY);
          const int third = ::fcntl(first, F_DUPFD, 200);
          if (!close_all_but({third, second})) return 1;
          for (int fd = 0; fd < 300; ++fd) {
            const bool open = ::fcntl(fd, F_GETFD) >= 0;
            if (open != (fd == second || fd == third)) return 2;
          }
          return 0;
        }) == 0);
}

TEST_CASE("each kind reaches its own part of the data directory only") {
  if (!root()) return;
  sallyport::test::TempDir directory;
  ::chmod(directory.path().c_str(), 0755);
  const auto data = directory / "data";
  const DataPaths paths(data);
  const auto who = apart();
  REQUIRE(prepare_data_directory(data, Identities{}));
  for (const auto& file :
       {paths.header, paths.store, paths.tls / "ca.pem", paths.tls / "server.key", paths.ssh / "host_ed25519"})
    REQUIRE(base::write_file_atomic(file, base::as_bytes("x")));
  REQUIRE(prepare_data_directory(data, who));
  REQUIRE(prepare_data_directory(data, who));  // and again, as at each start

  const auto may_read = [&](ProcessKind kind, const std::filesystem::path& file) {
    return in_child([&] {
             if (!drop_privileges(kind, who)) return 1;
             return ::open(file.c_str(), O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 2;
           }) == 0;
  };
  CHECK(may_read(ProcessKind::vault, paths.header));
  CHECK(may_read(ProcessKind::vault, paths.store));
  CHECK(may_read(ProcessKind::ssh, paths.ssh / "host_ed25519"));
  CHECK(may_read(ProcessKind::web, paths.tls / "server.key"));
  CHECK(may_read(ProcessKind::rotator, paths.tls / "ca.pem"));
  for (const auto kind : {ProcessKind::ssh, ProcessKind::web, ProcessKind::rotator}) {
    CHECK_FALSE(may_read(kind, paths.header));
    CHECK_FALSE(may_read(kind, paths.store));
  }
  CHECK_FALSE(may_read(ProcessKind::web, paths.ssh / "host_ed25519"));
  CHECK_FALSE(may_read(ProcessKind::ssh, paths.tls / "server.key"));
  CHECK_FALSE(may_read(ProcessKind::vault, paths.ssh / "host_ed25519"));

  // What the listener records, web can read and not write.
  const auto recording = paths.recordings / "x.spr";
  REQUIRE(in_child([&] {
            if (!drop_privileges(ProcessKind::ssh, who)) return 1;
            return ::open(recording.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640) >= 0 ? 0 : 2;
          }) == 0);
  CHECK(may_read(ProcessKind::web, recording));
  CHECK_FALSE(may_read(ProcessKind::rotator, recording));
  CHECK(in_child([&] {
          if (!drop_privileges(ProcessKind::web, who)) return 1;
          return ::open(recording.c_str(), O_WRONLY | O_CLOEXEC) >= 0 ? 2 : 0;
        }) == 0);
}

TEST_CASE("users that do not exist stop a server of root's, but not in development") {
  if (!root()) return;
  ProcessUsers users;
  users.vault = "sp-no-such-user";
  const auto refused = resolve_identities(users, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().context().find("sp-no-such-user") != std::string::npos);
  const auto development = resolve_identities(users, true);
  REQUIRE(development);
  CHECK_FALSE(development.value().vault);
  CHECK_FALSE(development.value().notes.empty());
  CHECK(development.value().session.has_value() == (::getpwnam("nobody") != nullptr));
}
