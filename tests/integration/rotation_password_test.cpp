#include "rotation_fixture.hpp"

using namespace sallyport;
using namespace sallyport::rotation;
using namespace sallyport::rotation::test;

namespace {

constexpr std::string_view kOldPassword = "old password: with a colon";
constexpr std::string_view kNewPassword = "n3w'\"$`\\ password:%";

Job password_job(Sshd& server, const std::string& user) {
  auto job = job_at(server, user, Kind::unix_password, secret(kOldPassword), secret(kNewPassword));
  job.reconcile = root_by_key(server);
  return job;
}

}  // namespace

TEST_CASE("a password is rotated by the reconcile account: the old one is refused afterwards, the new one logs in") {
  NEEDS_SYSTEM_USERS();
  Sshd server;
  const auto user = server.add_user(std::string(kOldPassword));
  const auto job = password_job(server, user);
  SshConnector connector;
  REQUIRE(connector.login(job, Credential::current).outcome == Outcome::ok);
  MemoryPort port;
  const auto end = run_job(job, connector, port);
  INFO(port.last.detail << "\n" << server.log());
  REQUIRE(end.value() == End::done);
  CHECK(port.states() == std::vector<State>{State::applying, State::applied, State::current});
  CHECK(connector.login(job, Credential::pending).outcome == Outcome::ok);
  CHECK(connector.login(job, Credential::current).outcome == Outcome::refused);
  CHECK(server.log().find(std::string(kNewPassword)) == std::string::npos);
}

TEST_CASE("a password is verified by keyboard-interactive where the server asks that way alone") {
  NEEDS_SYSTEM_USERS();
  Sshd server({true, false, true, {}});
  const auto user = server.add_user(std::string(kOldPassword));
  const auto job = password_job(server, user);
  SshConnector connector;
  MemoryPort port;
  const auto end = run_job(job, connector, port);
  INFO(port.last.detail << "\n" << server.log());
  REQUIRE(end.value() == End::done);
  CHECK(server.wait_for_log("Accepted keyboard-interactive/pam for " + user));
  CHECK(connector.login(job, Credential::current).outcome == Outcome::refused);
}

TEST_CASE("one verification of a wrong password is one failed login, though the server offers two ways") {
  NEEDS_SYSTEM_USERS();
  Sshd server({true, true, true, {}});
  const auto user = server.add_user("another one");
  SshConnector connector;
  CHECK(connector.login(password_job(server, user), Credential::pending).outcome == Outcome::refused);
  const auto log = server.log();
  std::size_t failures = 0;
  for (auto at = log.find("Failed "); at != std::string::npos; at = log.find("Failed ", at + 1)) {
    if (log.substr(at, 12) != "Failed none ") ++failures;
  }
  CHECK(failures == 1);
}

TEST_CASE("a server that shows another host key gets no name and no credential") {
  NEEDS_SYSTEM_USERS();
  Sshd server;
  const auto user = server.add_user(std::string(kOldPassword));
  auto job = password_job(server, user);
  job.host_keys = {certs::generate_ssh_key("").value().public_key.blob()};
  SshConnector connector;
  const auto attempt = connector.apply(job, Route::reconcile);
  CHECK(attempt.outcome == Outcome::host_key_changed);
  const auto seen = certs::SshPublicKey::parse_blob(server.host_key_blob()).value().fingerprint();
  CHECK(attempt.detail.find(seen) != std::string::npos);
  CHECK(connector.login(job, Credential::current).outcome == Outcome::host_key_changed);
  job.host_keys.clear();
  CHECK(connector.login(job, Credential::current).outcome == Outcome::host_key_changed);
  REQUIRE(server.wait_for_log("[preauth]"));  // sshd saw somebody go before he said who he was
  for (const auto* word : {"Accepted", "Failed", "Invalid user", "authenticating"}) {
    INFO(server.log());
    CHECK(server.log().find(word) == std::string::npos);
  }
}

TEST_CASE("a server without a key of the pinned type is a changed host key") {
  Sshd server;
  auto job = job_at(server, "root", Kind::unix_password, secret("a"), secret("b"));
  const sallyport::test::TempDir directory;
  const auto rsa = sallyport::test::make_key_file(directory.path(), "r", "rsa");
  job.host_keys = {certs::SshPublicKey::parse_line(rsa.public_line).value().blob()};
  CHECK(SshConnector().login(job, Credential::current).outcome == Outcome::host_key_changed);
}

TEST_CASE("a password that cannot be set leaves the old one in force and proven") {
  NEEDS_SYSTEM_USERS();
  Sshd server;
  const auto user = server.add_user(std::string(kOldPassword));
  auto job = password_job(server, user);
  job.pending_secret = secret("two\nlines");
  SshConnector connector;
  MemoryPort port;
  CHECK(run_job(job, connector, port).value() == End::kept);
  CHECK(port.states().back() == State::kept);
  CHECK(connector.login(job, Credential::current).outcome == Outcome::ok);
}

TEST_CASE("a rotation that was cut off after the change is taken up and promoted without a second change") {
  NEEDS_SYSTEM_USERS();
  Sshd server;
  const auto user = server.add_user(std::string(kNewPassword));  // the change got through; nobody saw the answer
  auto job = password_job(server, user);
  job.journal = Journal{State::applying, 0, 1, false, false};
  SshConnector connector;
  MemoryPort port;
  CHECK(run_job(job, connector, port).value() == End::done);
  CHECK(port.recorded.size() == 1);
}

TEST_CASE("a rotation that was cut off before the change sets the same secret by the reconcile account") {
  NEEDS_SYSTEM_USERS();
  Sshd server;
  const auto user = server.add_user(std::string(kOldPassword));
  auto job = password_job(server, user);
  job.journal = Journal{State::applying, 0, 1, false, false};
  SshConnector connector;
  MemoryPort port;
  CHECK(run_job(job, connector, port).value() == End::done);
  CHECK(port.last.journal.failed_logins == 1);
  CHECK(connector.login(job, Credential::pending).outcome == Outcome::ok);
}
