#include "supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "sallyport/base/file.hpp"
#include "sallyport/base/log.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "vault_loop.hpp"

using namespace sallyport::app;
using namespace std::chrono_literals;
namespace base = sallyport::base;

namespace {

/// Answers everything with nothing: these tests are about processes.
class Mute final : public BatchHandler {
 public:
  void run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out) override {
    for (auto& request : requests) out.push_back({request.peer.id, {FrameType::reply, request.request_id, 0, {}}, {}});
  }
  void run_deferred(std::vector<Outgoing>&) override {}
  int wakeup_fd() const override { return -1; }
  void tick(std::vector<Outgoing>&) override {}
  void peer_gone(std::uint64_t, std::vector<Outgoing>&) override {}
  void protocol_violation(const Peer&, std::uint16_t) override {}
};

void leave_pid(const ProcessContext& context, const char* name) {
  const auto path = context.options.data / name;
  const auto text = std::to_string(::getpid()) + "\n";
  (void)base::write_file_atomic(path, base::as_bytes(text), 0600);
}

int vault_main(ProcessContext context) {
  auto listener = listen_unix(DataPaths(context.options.data).vault_socket, 0600);
  if (!listener) return 2;
  leave_pid(context, "vault.pid");
  (void)send_control(context.control.get(), {.type = ControlType::ready});
  Mute mute;
  VaultLoop loop(std::move(listener.value()), std::move(context.control), mute, ::geteuid());
  return loop.run() ? 0 : 1;
}

/// A child that is only what its kind may be: it asks one question that no operator may ask, then waits for the end.
int wait_for_stop(ProcessContext context, OperationId question, const char* name) {
  for (int tries = 0; tries < 200; ++tries) {
    auto client = VaultClient::connect(DataPaths(context.options.data).vault_socket);
    if (client && client.value().call(question, {}, 2s)) {
      leave_pid(context, name);
      break;
    }
    std::this_thread::sleep_for(20ms);
  }
  (void)send_control(context.control.get(), {.type = ControlType::ready, .address = "127.0.0.1:1", .note = name});
  while (!stop_wanted(context.control.get())) (void)base::wait_for(context.control.get(), POLLIN, 1s);
  return 0;
}

int ssh_main(ProcessContext context) { return wait_for_stop(std::move(context), OperationId::ssh_listen, "ssh.pid"); }
int rotator_main(ProcessContext context) {
  return wait_for_stop(std::move(context), OperationId::rotation_next, "rotator.pid");
}
int deaf_main(ProcessContext context) {
  (void)send_control(context.control.get(), {.type = ControlType::ready});
  for (;;) ::pause();
}
int failing_main(ProcessContext) { return 3; }

struct Server {
  explicit Server(Supervisor::Main last = rotator_main) {
    options.data = directory.path();
    options.development = true;  // sanitizers lock no memory, and an ordinary user may have little
    REQUIRE(prepare_data_directory(options.data, identities));
    pid = ::fork();
    if (pid == 0) {
      base::log_init("supervisor", base::LogLevel::error);
      Supervisor supervisor(options, identities,
                            {{ProcessKind::vault, vault_main, {}},
                             {ProcessKind::ssh, ssh_main, "127.0.0.1:0"},
                             {ProcessKind::rotator, last, {}}});
      ::_exit(supervisor.run());
    }
  }
  ~Server() {
    if (pid > 0) (void)stop(SIGKILL);
  }
  /// Exit status, or 128 + signal.
  int stop(int signal) {
    ::kill(pid, signal);
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  int wait() { return stop(0); }
  bool ready() const {
    return until([&] { return std::filesystem::exists(DataPaths(options.data).ready); });
  }
  pid_t pid_of(const char* name) const {
    const auto bytes = base::read_file(options.data / name, 100);
    return bytes ? std::stoi(std::string(base::as_text(bytes.value()))) : -1;
  }
  /// Another process under the same name: it was started again, and could ask the vault.
  bool came_back(const char* name, pid_t before) const {
    return until([&] { return pid_of(name) > 0 && pid_of(name) != before; });
  }
  template <class Condition>
  static bool until(Condition&& condition) {
    for (int tries = 0; tries < 500; ++tries) {
      if (condition()) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }

  sallyport::test::TempDir directory;
  ServerOptions options;
  Identities identities;
  pid_t pid = -1;
};

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

}  // namespace

TEST_CASE("the vault knows each child before it may speak, and the ready file comes when all are ready") {
  Server server;
  REQUIRE(server.ready());
  // Both asked what only their kinds may ask.
  CHECK(server.pid_of("ssh.pid") > 0);
  CHECK(server.pid_of("rotator.pid") > 0);
  std::ifstream file(DataPaths(server.options.data).ready);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text.find("\"ssh\":\"127.0.0.1:1\"") != std::string::npos);
  CHECK(text.find("\"host_key\":\"ssh.pid\"") != std::string::npos);
}

TEST_CASE("SIGTERM ends all in order, and takes the ready file away") {
  Server server;
  REQUIRE(server.ready());
  const pid_t vault = server.pid_of("vault.pid");
  const pid_t ssh = server.pid_of("ssh.pid");
  CHECK(server.stop(SIGTERM) == 0);
  CHECK_FALSE(alive(vault));
  CHECK_FALSE(alive(ssh));
  CHECK_FALSE(std::filesystem::exists(DataPaths(server.options.data).ready));
}

TEST_CASE("a killed child comes back known to the vault") {
  Server server;
  REQUIRE(server.ready());
  const pid_t before = server.pid_of("rotator.pid");
  ::kill(before, SIGKILL);
  CHECK(server.came_back("rotator.pid", before));
  CHECK(server.stop(SIGTERM) == 0);
}

TEST_CASE("a killed vault comes back and is told again who is who") {
  Server server;
  REQUIRE(server.ready());
  const pid_t vault = server.pid_of("vault.pid");
  const pid_t ssh = server.pid_of("ssh.pid");
  ::kill(vault, SIGKILL);
  REQUIRE(server.came_back("vault.pid", vault));
  CHECK(alive(ssh));
  // A child that comes later is known to the new vault as well.
  ::kill(ssh, SIGKILL);
  CHECK(server.came_back("ssh.pid", ssh));
  CHECK(server.stop(SIGTERM) == 0);
}

TEST_CASE("when the supervisor is killed, all it started are gone") {
  Server server;
  REQUIRE(server.ready());
  const pid_t vault = server.pid_of("vault.pid");
  const pid_t ssh = server.pid_of("ssh.pid");
  CHECK(server.stop(SIGKILL) == 128 + SIGKILL);
  CHECK(Server::until([&] { return !alive(vault) && !alive(ssh); }));
}

TEST_CASE("a child that ends before all were ready ends the start") {
  Server server(failing_main);
  CHECK(server.wait() == 1);
  CHECK_FALSE(std::filesystem::exists(DataPaths(server.options.data).ready));
}

TEST_CASE("a child that does not listen is killed at the bound") {
  Server server(deaf_main);
  REQUIRE(server.ready());
  const auto asked = std::chrono::steady_clock::now();
  CHECK(server.stop(SIGTERM) == 0);
  const auto took = std::chrono::steady_clock::now() - asked;
  CHECK(took >= Supervisor::kStopBound - 500ms);
  CHECK(took < Supervisor::kStopBound + 5s);
}

TEST_CASE("a second server on the same data directory refuses") {
  Server server;
  REQUIRE(server.ready());
  const pid_t second = ::fork();
  if (second == 0) {
    base::log_init("supervisor", base::LogLevel::error);
    Supervisor supervisor(server.options, server.identities, {{ProcessKind::vault, vault_main, {}}});
    ::_exit(supervisor.run());
  }
  int status = 0;
  ::waitpid(second, &status, 0);
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(server.stop(SIGTERM) == 0);
}

TEST_CASE("the pause before a restart doubles up to five seconds and is short again after a good life") {
  RestartPolicy policy;
  RestartPolicy::Clock::time_point now{};
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 7; ++i) {
    policy.started(now);
    pauses.push_back(policy.ended(now + 1s).count());
  }
  CHECK(pauses == std::vector<std::int64_t>{250, 500, 1000, 2000, 4000, 5000, 5000});
  policy.started(now);
  CHECK(policy.ended(now + 30s) == 250ms);
}

TEST_CASE("a supervisor of systemd is told when all is ready") {
  sallyport::test::TempDir directory;
  const auto path = (directory / "notify").native();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  const base::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  notify_ready();
  ::unsetenv("NOTIFY_SOCKET");
  char text[32] = {};
  CHECK(::recv(socket.get(), text, sizeof text - 1, MSG_DONTWAIT) == 7);
  CHECK(std::string(text) == "READY=1");
}
