// The fixture itself: stock ssh logs in to it, and what it makes is gone afterwards.
#include <pwd.h>

#include "support/catch.hpp"
#include "support/sshd.hpp"

using namespace sallyport;

namespace {

base::Finished ssh_with_key(const test::Sshd& server, const test::KeyFile& key, const std::string& user,
                            const std::string& command_text) {
  base::Command command;
  command.argv = {"ssh",
                  "-F",
                  "/dev/null",
                  "-i",
                  key.path.string(),
                  "-p",
                  std::to_string(server.port()),
                  "-o",
                  "BatchMode=yes",
                  "-o",
                  "StrictHostKeyChecking=no",
                  "-o",
                  "UserKnownHostsFile=/dev/null",
                  user + "@127.0.0.1",
                  command_text};
  command.environment = {"PATH=/usr/bin:/bin"};
  return base::run(command).value();
}

}  // namespace

TEST_CASE("the sshd fixture lets a temporary user in by key and removes him at the end") {
  if (!test::can_add_users()) {
    WARN("needs root to make a system user");
    return;
  }
  std::string user;
  {
    test::Sshd server;
    user = server.add_user("first-password");
    const test::TempDir directory;
    const auto key = test::make_key_file(directory.path(), "k");
    server.set_authorized_keys(user, key.public_line + "\n");
    const auto done = ssh_with_key(server, key, user, "id -un");
    CHECK(done.status == 0);
    CHECK(base::as_text(done.out) == user + "\n");
    CHECK(server.wait_for_log("Accepted publickey for " + user));
  }
  CHECK(::getpwnam(user.c_str()) == nullptr);
}

TEST_CASE("the sshd fixture comes back on its port after a stop") {
  test::Sshd server;
  const auto port = server.port();
  server.stop();
  CHECK(server.pid() == -1);
  server.start();
  CHECK(server.port() == port);
  CHECK(server.pid() > 0);
}
