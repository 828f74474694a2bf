// The real listener and its children under the real supervisor, with OpenSSH at both ends; only the vault's decisions
// are the test's own.
#include "ssh_process_fixture.hpp"

using namespace sallyport;
using namespace sallyport::app;
using namespace sallyport::test;
using namespace std::chrono_literals;

namespace {

std::string status_of(pid_t pid, const std::string& name) {
  std::istringstream file(slurp("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return {};
}

std::size_t open_descriptors(pid_t pid) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
    count += entry.exists() || true ? 1U : 0U;
  return count;
}

}  // namespace

TEST_CASE("a session goes through the listener, its child and a real target, and is recorded", "[session]") {
  if (!can_add_users()) return;
  SshServer server;
  const auto done = server.ssh({"echo through; exit 7"});
  INFO(std::string(base::as_text(done.err)));
  CHECK(done.status == 7);
  CHECK(base::as_text(done.out) == "through\n");
  CHECK(server.noted("exec channel"));
  CHECK(server.noted("close complete"));
  std::size_t recordings = 0;
  for (const auto& file : fs::directory_iterator(DataPaths(server.options.data).recordings)) {
    ++recordings;
    CHECK(file.file_size() > 0);
    CHECK(server.noted("close complete " + std::to_string(file.file_size())));
  }
  CHECK(recordings == 1);
  CHECK(until([&] { return server.sessions().empty(); }));
}

TEST_CASE("a session's child owns nothing, is filtered, and holds no descriptor of others", "[session]") {
  if (!can_add_users()) return;
  SshServer server;
  auto first = server.client({"echo one; cat"});
  REQUIRE(first.hears("one\n"));
  auto second = server.client({"echo two; cat"});
  REQUIRE(second.hears("two\n"));
  const auto sessions = server.sessions();
  REQUIRE(sessions.size() == 2);
  for (const pid_t child : sessions) {
    CHECK(status_of(child, "Seccomp") == "2");
    CHECK(status_of(child, "NoNewPrivs") == "1");
    CHECK(status_of(child, "CapPrm") == "0000000000000000");
    CHECK(status_of(child, "Uid").find("0\t0") == std::string::npos);
    // stderr, client, vault, link, target, recording twice, and what libssh keeps
    CHECK(open_descriptors(child) <= 10);
  }
  SECTION("killing one child ends its session only") {
    ::kill(sessions[0], SIGKILL);
    CHECK(first.child.wait(10s));
    second.says("still here\n");
    CHECK(second.hears("still here"));
  }
  SECTION("killing the listener ends no session, and it comes back on its port") {
    const pid_t before = server.pid_of("ssh.pid");
    ::kill(before, SIGKILL);
    CHECK(until([&] { return server.pid_of("ssh.pid") != before && server.pid_of("ssh.pid") > 0; }));
    first.says("one lives\n");
    second.says("two lives\n");
    CHECK(first.hears("one lives"));
    CHECK(second.hears("two lives"));
    CHECK(until([&] { return server.ssh({"true"}).status == 0; }));
  }
  SECTION("a session whose vault is gone ends within its bound, with a sentence, and the server comes back") {
    const pid_t before = server.pid_of("vault.pid");
    const auto killed = std::chrono::steady_clock::now();
    ::kill(before, SIGKILL);
    CHECK(first.child.wait(server.options.vault_loss_bound));
    CHECK(second.child.wait(server.options.vault_loss_bound));
    CHECK(std::chrono::steady_clock::now() - killed < server.options.vault_loss_bound);
    CHECK(first.hears("vault", 100ms));
    CHECK(until([&] { return server.ssh({"true"}).status == 0; }));
  }
  SECTION("sessions that have not noticed yet that their vault is gone are not in the way of new ones") {
    for (const pid_t child : sessions) ::kill(child, SIGSTOP);
    ::kill(server.pid_of("vault.pid"), SIGKILL);
    CHECK(until([&] { return server.ssh({"true"}).status == 0; }));
    for (const pid_t child : sessions) ::kill(child, SIGCONT);
    CHECK(first.child.wait(server.options.vault_loss_bound));
    CHECK(second.child.wait(server.options.vault_loss_bound));
  }
  SECTION("freeze holds input back, thaw lets it go on, end says why") {
    std::ofstream(server.options.data / "freeze").close();
    CHECK(until([&] { return !fs::exists(server.options.data / "freeze"); }));
    first.says("held back\n");
    CHECK_FALSE(first.hears("held back", 1s));
    std::ofstream(server.options.data / "thaw").close();
    CHECK(first.hears("held back"));
    std::ofstream(server.options.data / "end").close();
    CHECK(first.child.wait(5s));
    CHECK(first.hears("the checkout has ended", 1s));
  }
  SECTION("a stop tells sessions and ends them") {
    ::kill(server.pid, SIGTERM);
    int status = -1;
    ::waitpid(server.pid, &status, 0);
    server.pid = -1;
    CHECK(status == 0);
    CHECK(first.child.wait(5s));
    CHECK(first.hears("stopping", 1s));
  }
}

TEST_CASE("a target that can't be reached is said to the person and to the vault", "[session]") {
  if (!can_add_users()) return;
  const auto closed = free_port();
  // Before the fork, so that the stand-in vault grants it.
  struct Unreachable : SshServer {
    explicit Unreachable(std::uint16_t port_) {
      ::kill(pid, SIGTERM);
      ::waitpid(pid, nullptr, 0);
      granted.port = port_;
      start();
    }
  } server(closed);
  const auto done = server.ssh({"true"});
  CHECK(done.status != 0);
  CHECK(std::string(base::as_text(done.err)).find("refused") != std::string::npos);
  CHECK(server.noted("dial_failed"));
}
