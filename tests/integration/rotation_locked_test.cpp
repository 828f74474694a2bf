// Targets that say in words that an account may not log in: real sshd with Debian's PAM modules.
#include <thread>

#include "rotation_fixture.hpp"
#include "sallyport/base/process.hpp"

using namespace sallyport;
using namespace sallyport::rotation;
using namespace sallyport::rotation::test;

namespace {

/// The stack that pam_faillock's manual shows, with its counts in a directory of the test.
std::string faillock(const std::filesystem::path& counts) {
  const auto options = " dir=" + counts.string() + " deny=2 unlock_time=600\n";
  return "auth required pam_faillock.so preauth" + options + "auth [success=1 default=ignore] pam_unix.so\n" +
         "auth [default=die] pam_faillock.so authfail" + options + "auth sufficient pam_faillock.so authsucc" +
         options + "account required pam_unix.so\nsession required pam_permit.so\n";
}

void must_run(std::vector<std::string> argv) {
  base::Command command;
  command.argv = std::move(argv);
  command.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  REQUIRE(base::run(command).value().status == 0);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

constexpr const char* kFailure = "Failed keyboard-interactive/pam";

/// sshd writes its log after it has answered.
bool logs_failures(const Sshd& server, std::size_t wanted) {
  for (int i = 0; i < 1000 && count(server.log(), kFailure) < wanted; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  return count(server.log(), kFailure) == wanted;
}

}  // namespace

TEST_CASE("an account that pam_faillock has locked is seen as locked, and is sent no further password") {
  NEEDS_SYSTEM_USERS();
  const sallyport::test::TempDir counts;
  Sshd server({.use_pam = true, .password = false, .keyboard_interactive = true, .pam_stack = faillock(counts.path())});
  const auto user = server.add_user("the right one");
  const auto job = job_at(server, user, Kind::unix_password, secret("the right one"), secret("a wrong one"));
  SshConnector connector;
  REQUIRE(connector.login(job, Credential::current).outcome == Outcome::ok);
  for (int i = 0; i < 2; ++i) REQUIRE(connector.login(job, Credential::pending).outcome == Outcome::refused);
  REQUIRE(logs_failures(server, 2));
  const auto attempt = connector.login(job, Credential::current);
  INFO(attempt.detail << "\n" << server.log());
  CHECK(attempt.outcome == Outcome::locked);
  CHECK(count(server.log(), kFailure) == 2);
}

TEST_CASE("a rotation whose account is locked stops for a person to look") {
  NEEDS_SYSTEM_USERS();
  const sallyport::test::TempDir counts;
  Sshd server({.use_pam = true, .password = false, .keyboard_interactive = true, .pam_stack = faillock(counts.path())});
  const auto user = server.add_user("old");
  auto job = job_at(server, user, Kind::unix_password, secret("old"), secret("new"));
  job.reconcile = root_by_key(server);
  SshConnector connector;
  for (int i = 0; i < 2; ++i) REQUIRE(connector.login(job, Credential::pending).outcome == Outcome::refused);
  MemoryPort port;
  CHECK(run_job(job, connector, port).value() == End::blocked);
  CHECK(port.last.outcome == Outcome::locked);
  CHECK(port.last.journal.state == State::applied);
}

TEST_CASE("an account that has expired is seen as locked, by either way of sending a password") {
  NEEDS_SYSTEM_USERS();
  const bool interactive = GENERATE(false, true);
  // A greeting that speaks of locks is for everybody, and says nothing about this account.
  const sallyport::test::TempDir directory;
  const auto greeting = directory / "greeting";
  must_run({"sh", "-c", "echo 'Accounts are locked after three failures.' > " + greeting.string()});
  Sshd server({.use_pam = true,
               .password = !interactive,
               .keyboard_interactive = interactive,
               .extra = {"Banner " + greeting.string()}});
  const auto user = server.add_user("the right one");
  const auto job = job_at(server, user, Kind::unix_password, secret("the right one"), secret("a wrong one"));
  SshConnector connector;
  REQUIRE(connector.login(job, Credential::current).outcome == Outcome::ok);
  CHECK(connector.login(job, Credential::pending).outcome == Outcome::refused);
  must_run({"chage", "-E", "0", user});
  const auto attempt = connector.login(job, Credential::current);
  INFO(attempt.detail << "\n" << server.log());
  CHECK(attempt.outcome == Outcome::locked);
}

TEST_CASE("a password that an administrator locked is refused without a word: not told from a wrong one") {
  NEEDS_SYSTEM_USERS();
  Sshd server({.use_pam = true});
  const auto user = server.add_user("the right one");
  const auto job = job_at(server, user, Kind::unix_password, secret("the right one"), secret("x"));
  must_run({"usermod", "-L", user});
  CHECK(SshConnector().login(job, Credential::current).outcome == Outcome::refused);
}
