// A reconcile account that is not root: it changes others' credentials through the target's real sudo, or is refused.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "rotation_fixture.hpp"

using namespace sallyport;
using namespace sallyport::rotation;
using namespace sallyport::rotation::test;

namespace {

constexpr std::string_view kOld = "old password: with a colon";
constexpr std::string_view kNew = "n3w'\"$`\\ password:%";

#define NEEDS_SUDO()                    \
  NEEDS_SYSTEM_USERS();                 \
  if (!sallyport::test::has_sudo()) {   \
    WARN("needs sudo on this machine"); \
    return;                             \
  }                                     \
  static_cast<void>(0)

/// Two accounts of one target: the one whose secret is changed, and the one that changes it.
struct SudoTarget {
  Sshd server;
  std::string user = server.add_user(std::string(kOld));
  std::string helper = server.add_user("never used");
  certs::SshKeyPair helper_key = certs::generate_ssh_key("helper").value();
  SshConnector connector;
  MemoryPort port;

  explicit SudoTarget(sallyport::test::SshdOptions options = {}) : server(std::move(options)) {
    server.set_authorized_keys(helper, helper_key.public_line + "\n");
  }
  Job password_job() {
    auto job = job_at(server, user, Kind::unix_password, secret(kOld), secret(kNew));
    job.reconcile = Reconcile{helper, Kind::ssh_key, helper_key.private_pem.clone()};
    return job;
  }
  Job key_job(const certs::SshKeyPair& key) {
    auto job = job_at(server, user, Kind::ssh_key, {}, key.private_pem.clone());
    job.reconcile = Reconcile{helper, Kind::ssh_key, helper_key.private_pem.clone()};
    return job;
  }
};

}  // namespace

TEST_CASE("a helper that may run chpasswd and nothing else rotates a password") {
  NEEDS_SUDO();
  SudoTarget target;
  target.server.allow_sudo(target.helper, "ALL=(root) NOPASSWD: /usr/sbin/chpasswd");
  const auto job = target.password_job();
  const auto end = run_job(job, target.connector, target.port);
  INFO(target.port.last.detail << "\n" << target.server.log());
  REQUIRE(end.value() == End::done);
  CHECK(target.port.states() == std::vector<State>{State::applying, State::applied, State::current});
  CHECK(target.connector.login(job, Credential::pending).outcome == Outcome::ok);
  CHECK(target.connector.login(job, Credential::current).outcome == Outcome::refused);
}

TEST_CASE("the new password is on standard input alone: no argument and no variable has it") {
  NEEDS_SUDO();
  // In sudo's place: notes how it was called, then calls the real one.
  const sallyport::test::TempDir notes;
  std::filesystem::permissions(notes.path(), std::filesystem::perms(0777));
  const auto note = (notes / "called").string();
  std::ofstream(notes / "sudo") << "#!/bin/sh\n{ echo \"args: $*\"; env; cat /proc/$PPID/cmdline; } > " << note
                                << "\nexec /usr/bin/sudo \"$@\"\n";
  std::filesystem::permissions(notes / "sudo", std::filesystem::perms(0755));
  SudoTarget target({.extra = {"SetEnv PATH=" + notes.path().string() + ":/usr/bin:/bin"}});
  target.server.allow_sudo(target.helper, "ALL=(root) NOPASSWD: /usr/sbin/chpasswd");
  const auto attempt = target.connector.apply(target.password_job(), Route::reconcile);
  INFO(attempt.detail);
  REQUIRE(attempt.outcome == Outcome::ok);
  const auto bytes = base::read_file(note, 65536).value();
  const std::string called(base::as_text(bytes));
  CHECK(called.find("args: -n chpasswd\n") == 0);
  CHECK(called.find(kNew) == std::string::npos);
  CHECK(called.find("n3w") == std::string::npos);
  CHECK(target.server.log().find("n3w") == std::string::npos);
}

TEST_CASE("a helper that sudo refuses changes nothing, and a person is told who was refused and by what") {
  NEEDS_SUDO();
  SudoTarget target;
  SECTION("it is asked for a password") { target.server.allow_sudo(target.helper, "ALL=(root) /usr/sbin/chpasswd"); }
  SECTION("it is in no rule") {}
  SECTION("it may do something else") { target.server.allow_sudo(target.helper, "ALL=(root) NOPASSWD: /usr/bin/id"); }
  const auto job = target.password_job();
  CHECK(run_job(job, target.connector, target.port).value() == End::blocked);
  INFO(target.port.last.detail);
  CHECK(target.port.last.outcome == Outcome::refused);
  CHECK(target.port.last.journal == Journal{});
  CHECK(target.port.last.detail.find("may not do this through sudo") != std::string::npos);
  CHECK(target.connector.login(job, Credential::current).outcome == Outcome::ok);
}

TEST_CASE("a target without sudo is not taken for one that refused the new secret") {
  NEEDS_SUDO();
  const sallyport::test::TempDir empty;
  SudoTarget target({.extra = {"SetEnv PATH=" + empty.path().string()}});
  const auto job = target.password_job();
  const auto end = run_job(job, target.connector, target.port).value();
  INFO(target.port.last.detail);
  CHECK(end == End::blocked);
  CHECK(target.port.last.outcome == Outcome::refused);
  CHECK(target.port.last.journal == Journal{});
}

TEST_CASE("what sudo only warns of does not hide that chpasswd refused the secret") {
  NEEDS_SUDO();
  const sallyport::test::TempDir fake;
  std::filesystem::permissions(fake.path(), std::filesystem::perms(0755));
  std::ofstream(fake / "sudo") << "#!/bin/sh\nread line\necho 'sudo: unable to resolve host web1' >&2\n"
                                  "echo 'chpasswd: (user x) pam_chauthtok() failed' >&2\nexit 1\n";
  std::filesystem::permissions(fake / "sudo", std::filesystem::perms(0755));
  SudoTarget target({.extra = {"SetEnv PATH=" + fake.path().string() + ":/usr/bin:/bin"}});
  const auto job = target.password_job();
  CHECK(run_job(job, target.connector, target.port).value() == End::kept);
  CHECK(target.port.recorded.back().journal.applies == kMaxApplies);
}

TEST_CASE("a helper with sudo sets an account's first key, as that account") {
  NEEDS_SUDO();
  SudoTarget target;
  target.server.allow_sudo(target.helper, "ALL=(" + target.user + ") NOPASSWD: ALL");
  const auto key = certs::generate_ssh_key("first").value();
  const auto job = target.key_job(key);
  const auto end = run_job(job, target.connector, target.port);
  INFO(target.port.last.detail);
  REQUIRE(end.value() == End::done);
  CHECK(target.server.authorized_keys(target.user) == key.public_key.line() + " sallyport\n");
  struct stat file {};
  struct stat home {};
  REQUIRE(::stat((target.server.home(target.user) / ".ssh" / "authorized_keys").c_str(), &file) == 0);
  REQUIRE(::stat(target.server.home(target.user).c_str(), &home) == 0);
  CHECK((file.st_mode & 0777U) == 0600U);
  CHECK(file.st_uid == home.st_uid);
}

TEST_CASE("a helper whom sudo does not let be the account leaves its keys alone") {
  NEEDS_SUDO();
  SudoTarget target;
  target.server.allow_sudo(target.helper, "ALL=(nobody) NOPASSWD: ALL");
  const auto job = target.key_job(certs::generate_ssh_key("first").value());
  const auto attempt = target.connector.apply(job, Route::reconcile);
  CHECK(attempt.outcome == Outcome::refused);
  CHECK_FALSE(std::filesystem::exists(target.server.home(target.user) / ".ssh"));
}
