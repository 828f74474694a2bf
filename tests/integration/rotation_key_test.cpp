#include <sys/stat.h>

#include "rotation_fixture.hpp"

using namespace sallyport;
using namespace sallyport::rotation;
using namespace sallyport::rotation::test;

namespace {

struct KeyTarget {
  Sshd server;
  std::string user = server.add_user("unused password");
  certs::SshKeyPair old_key = certs::generate_ssh_key("old one").value();
  certs::SshKeyPair new_key = certs::generate_ssh_key("new one").value();
  std::string other = certs::generate_ssh_key("somebody else").value().public_line;
  SshConnector connector;
  MemoryPort port;

  Job job() const {
    return job_at(server, user, Kind::ssh_key, old_key.private_pem.clone(), new_key.private_pem.clone());
  }
  std::filesystem::path file() const { return server.home(user) / ".ssh" / "authorized_keys"; }
};

}  // namespace

TEST_CASE("an SSH key is rotated: new one in, verified, old one out, other lines, mode and owner stay") {
  NEEDS_SYSTEM_USERS();
  KeyTarget target;
  // No line end at the end: the new key must not be glued to it.
  target.server.set_authorized_keys(target.user, "# keys\n" + target.other + "\n" + target.old_key.public_line);
  std::filesystem::permissions(target.file(), std::filesystem::perms(0640));
  struct stat before {};
  REQUIRE(::stat(target.file().c_str(), &before) == 0);
  const auto job = target.job();
  const auto end = run_job(job, target.connector, target.port);
  INFO(target.port.last.detail << "\n" << target.server.log());
  REQUIRE(end.value() == End::done);
  CHECK(target.port.states() == std::vector<State>{State::applying, State::applied, State::promoted, State::current});
  CHECK(target.server.authorized_keys(target.user) ==
        "# keys\n" + target.other + "\n" + target.new_key.public_key.line() + " sallyport\n");
  struct stat after {};
  REQUIRE(::stat(target.file().c_str(), &after) == 0);
  CHECK(after.st_mode == before.st_mode);
  CHECK(after.st_uid == before.st_uid);
  CHECK(after.st_gid == before.st_gid);
  CHECK(target.connector.login(job, Credential::pending).outcome == Outcome::ok);
  CHECK(target.connector.login(job, Credential::current).outcome == Outcome::refused);
}

TEST_CASE("each step on a key file can be done twice with the same result") {
  NEEDS_SYSTEM_USERS();
  KeyTarget target;
  target.server.set_authorized_keys(target.user, target.old_key.public_line + "\n");
  const auto job = target.job();
  for (int i = 0; i < 2; ++i) REQUIRE(target.connector.apply(job, Route::self).outcome == Outcome::ok);
  CHECK(target.server.authorized_keys(target.user) ==
        target.old_key.public_line + "\n" + target.new_key.public_key.line() + " sallyport\n");
  for (int i = 0; i < 2; ++i) REQUIRE(target.connector.retire_old(job).outcome == Outcome::ok);
  CHECK(target.server.authorized_keys(target.user) == target.new_key.public_key.line() + " sallyport\n");
}

TEST_CASE("root as reconcile account sets an account's first key, as that account") {
  NEEDS_SYSTEM_USERS();
  KeyTarget target;
  auto job = target.job();
  job.current_secret = {};
  job.reconcile = root_by_key(target.server);
  const auto end = run_job(job, target.connector, target.port);
  INFO(target.port.last.detail);
  REQUIRE(end.value() == End::done);
  struct stat file {};
  REQUIRE(::stat(target.file().c_str(), &file) == 0);
  CHECK((file.st_mode & 0777U) == 0600U);
  CHECK(file.st_uid != 0);
}

TEST_CASE("a key file that is a symbolic link is not followed, and the old key stays") {
  NEEDS_SYSTEM_USERS();
  KeyTarget target;
  target.server.set_authorized_keys(target.user, target.old_key.public_line + "\n");
  const auto moved = target.server.home(target.user) / "elsewhere";
  std::filesystem::rename(target.file(), moved);
  std::filesystem::create_symlink(moved, target.file());
  const auto job = target.job();
  CHECK(run_job(job, target.connector, target.port).value() == End::kept);
  CHECK(target.connector.login(job, Credential::current).outcome == Outcome::ok);
  CHECK(std::filesystem::is_symlink(target.file()));
}

TEST_CASE("the old key is not taken away where the new one does not log in") {
  NEEDS_SYSTEM_USERS();
  KeyTarget target;
  const auto job = target.job();
  target.server.set_authorized_keys(target.user, target.old_key.public_line + "\n");
  REQUIRE(target.connector.login(job, Credential::pending).outcome == Outcome::refused);
  CHECK(target.connector.retire_old(job).outcome == Outcome::refused);
  CHECK(target.server.authorized_keys(target.user) == target.old_key.public_line + "\n");
}
