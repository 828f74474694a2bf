// The real listener and its children under the real supervisor, with OpenSSH at both ends; only the vault's decisions
// are the test's own.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "sallyport/app/operation.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/process.hpp"
#include "sallyport/base/text.hpp"
#include "supervisor.hpp"
#include "support/catch.hpp"
#include "support/sshd.hpp"
#include "support/temp_dir.hpp"
#include "vault_loop.hpp"

using namespace sallyport::app;
using namespace std::chrono_literals;
namespace base = sallyport::base;
namespace fs = std::filesystem;

namespace {

/// What the stand-in vault grants; set before the fork.
struct Granted {
  std::string login;
  std::string password;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  base::Bytes host_key;
} granted;

/// Lets everybody in who has a key, and notes what sessions say in DATA/notes.
class Generous final : public BatchHandler {
 public:
  explicit Generous(fs::path data) : data_(std::move(data)) {}
  void run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out) override {
    for (auto& request : requests) answer(request, out);
  }
  void run_deferred(std::vector<Outgoing>&) override {}
  int wakeup_fd() const override { return -1; }
  void tick(std::vector<Outgoing>& out) override {
    for (const auto& [file, push] : {std::pair("freeze", OperationId::push_freeze),
                                     {"thaw", OperationId::push_thaw},
                                     {"end", OperationId::push_end}}) {
      if (!fs::remove(data_ / file)) continue;
      Record record(find_operation(push)->input);
      if (push == OperationId::push_end) record.set("reason", "the checkout has ended");
      for (const auto session : sessions_)
        out.push_back({session, {FrameType::push, 0, static_cast<std::uint16_t>(push), encode(record).value()}, {}});
    }
  }
  void peer_gone(std::uint64_t peer, std::vector<Outgoing>&) override {
    std::erase(sessions_, peer);
    note("gone");
  }
  void protocol_violation(const Peer&, std::uint16_t asked) override { note("violation " + std::to_string(asked)); }

 private:
  void note(const std::string& line) { std::ofstream(data_ / "notes", std::ios::app) << line << std::endl; }

  void answer(Request& request, std::vector<Outgoing>& out) {
    const Operation& operation = *find_operation(request.operation);
    const Record input = decode(request.payload.view(), operation.input).value();
    Record record(operation.output);
    auto then = Outgoing::Then::nothing;
    std::vector<Outgoing> after;
    switch (request.operation) {
      case OperationId::ssh_listen:
        listener_ = request.peer.id;
        break;
      case OperationId::session_register:
        record.set("connection", request.peer.id);
        then = Outgoing::Then::becomes_session;
        break;
      case OperationId::auth_begin:
      case OperationId::auth_key:
        record.set_flag("accepted", true).set("next", "first");
        break;
      case OperationId::auth_key_proven:
        record.set_flag("accepted", true).set("next", "grant");
        break;
      case OperationId::auth_grant:
        after.push_back(grant(record, request.peer.id));
        then = Outgoing::Then::granted;
        break;
      case OperationId::session_channel:
        note(std::string(input.text("kind")) + " channel " + std::string(base::as_text(input.bytes("text"))));
        break;
      case OperationId::session_event:
        for (const auto& event : input.list("events"))
          note(std::string(event.text("action")) + " " + std::string(base::as_text(event.bytes("detail"))));
        break;
      case OperationId::session_checkpoint:
        record.set("signature", base::Bytes(64));
        break;
      case OperationId::session_close:
        note("close " + std::string(input.text("recording")) + " " + std::to_string(input.number("bytes")));
        break;
      case OperationId::dial_failed:
        note("dial_failed " + std::string(input.text("reason")));
        break;
      default:
        break;
    }
    out.push_back({request.peer.id, {FrameType::reply, request.request_id, 0, encode(record).value()}, then});
    for (auto& push : after) out.push_back(std::move(push));
  }

  Outgoing grant(Record& record, std::uint64_t peer) {
    const auto id = base::SessionId::random().text();
    record.set("session", id)
        .set("user", "alice")
        .set("account", "root@web1")
        .set("login", granted.login)
        .set("kind", "unix_password");
    record.set("credential", base::SecretBytes::copy(base::as_bytes(granted.password)));
    record.add("host_keys").set("key", granted.host_key);
    record.set("channels", "shell,exec,sftp,scp")
        .set("source", "127.0.0.1")
        .set("reason", "test")
        .set("checkout", base::CheckoutId::random().text());
    record.set("file", id + ".spr")
        .set("data_key", base::SecretBytes::random(32))
        .set("wrapped_key", base::Bytes(80))
        .set("ends_in_ms", std::uint64_t{3600000});
    Record dial(find_operation(OperationId::push_dial)->input);
    dial.set("connection", peer)
        .set("session", id)
        .set("host", granted.host)
        .set("port", std::uint64_t{granted.port})
        .set("file", id + ".spr");
    sessions_.push_back(peer);
    return {
        listener_, {FrameType::push, 0, static_cast<std::uint16_t>(OperationId::push_dial), encode(dial).value()}, {}};
  }

  fs::path data_;
  std::uint64_t listener_ = 0;
  std::vector<std::uint64_t> sessions_;
};

void leave_pid(const fs::path& data, const char* name) {
  (void)base::write_file_atomic(data / name, base::as_bytes(std::to_string(::getpid())), 0600);
}

int vault_main(ProcessContext context) {
  auto listener = listen_unix(DataPaths(context.options.data).vault_socket, 0666);
  if (!listener) return 2;
  leave_pid(context.options.data, "vault.pid");
  (void)send_control(context.control.get(), {.type = ControlType::ready});
  Generous handler(context.options.data);
  VaultLoop loop(std::move(listener.value()), std::move(context.control), handler, ::geteuid());
  return loop.run() ? 0 : 1;
}

int ssh_main(ProcessContext context) {
  leave_pid(context.options.data, "ssh.pid");
  return run_ssh_process(std::move(context));
}

template <class Condition>
bool until(Condition&& condition, std::chrono::milliseconds limit = 15s) {
  for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return condition();
}

std::string slurp(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// An ssh client that is running; its stdin and stdout are the test's.
struct Client {
  base::Child child;
  base::UniqueFd in;
  base::UniqueFd out;
  std::string heard;

  /// Everything up to and with this text; false when it did not come.
  bool hears(const std::string& text, std::chrono::milliseconds limit = 15s) {
    return until(
        [&] {
          const auto readable = base::wait_for(out.get(), POLLIN, 20ms);
          char buffer[4096];
          const ssize_t got = readable && readable.value() ? ::read(out.get(), buffer, sizeof buffer) : 0;
          if (got > 0) heard.append(buffer, static_cast<std::size_t>(got));
          return heard.find(text) != std::string::npos;
        },
        limit);
  }
  void says(const std::string& text) { (void)base::write_all(in.get(), base::as_bytes(text)); }
};

struct Server {
  Server() {
    granted.password = "Sp-" + base::random_id_text();
    granted.login = sshd.add_user(granted.password);
    granted.host = "127.0.0.1";
    granted.port = sshd.port();
    granted.host_key = sshd.host_key_blob();
    key = sallyport::test::make_key_file(directory.path(), "client");
    fs::permissions(directory.path(), fs::perms(0755));
    options.data = directory / "data";
    options.development = true;
    options.log_level = base::LogLevel::error;
    REQUIRE(prepare_data_directory(options.data, Identities{}));
    const auto host = sallyport::test::make_key_file(DataPaths(options.data).ssh, "host_ed25519");
    start();
  }
  void start() {
    auto identities = resolve_identities(options.users, true);
    REQUIRE(identities);
    pid = ::fork();
    if (pid == 0) {
      base::log_init("supervisor", base::LogLevel::error);
      Supervisor supervisor(options, identities.value(),
                            {{ProcessKind::vault, vault_main, {}}, {ProcessKind::ssh, ssh_main, "127.0.0.1:0"}});
      ::_exit(supervisor.run());
    }
    REQUIRE(until([&] { return fs::exists(DataPaths(options.data).ready); }));
    const std::string ready = slurp(DataPaths(options.data).ready);
    const auto at = ready.find("127.0.0.1:") + 10;
    port = ready.substr(at, ready.find('"', at) - at);
  }
  ~Server() {
    if (pid <= 0) return;
    ::kill(pid, SIGTERM);
    ::waitpid(pid, nullptr, 0);
  }
  std::vector<std::string> command(const std::vector<std::string>& rest) const {
    std::vector<std::string> argv{"ssh",
                                  "-F",
                                  "none",
                                  "-T",
                                  "-p",
                                  port,
                                  "-i",
                                  key.path,
                                  "-o",
                                  "IdentitiesOnly=yes",
                                  "-o",
                                  "UserKnownHostsFile=/dev/null",
                                  "-o",
                                  "StrictHostKeyChecking=no",
                                  "-o",
                                  "BatchMode=yes",
                                  "-o",
                                  "LogLevel=ERROR",
                                  "alice+root+web1@127.0.0.1"};
    argv.insert(argv.end(), rest.begin(), rest.end());
    return argv;
  }
  base::Finished ssh(const std::vector<std::string>& rest) const {
    base::Command ssh;
    ssh.argv = command(rest);
    ssh.environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    auto done = base::run(ssh);
    REQUIRE(done);
    return std::move(done.value());
  }
  Client client(const std::vector<std::string>& rest) const {
    int in[2];
    int out[2];
    REQUIRE((::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0));
    base::Command ssh;
    ssh.argv = command(rest);
    ssh.environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    auto child =
        base::Child::spawn(ssh, {base::UniqueFd(in[0]), base::UniqueFd(out[1]), base::UniqueFd(::dup(out[1]))});
    REQUIRE(child);
    return {std::move(child.value()), base::UniqueFd(in[1]), base::UniqueFd(out[0]), {}};
  }
  pid_t pid_of(const char* name) const {
    const std::string text = slurp(options.data / name);
    return text.empty() ? -1 : std::stoi(text);
  }
  std::string notes() const { return slurp(options.data / "notes"); }
  bool noted(const std::string& text) const {
    return until([&] { return notes().find(text) != std::string::npos; });
  }
  /// Children of the listener that live.
  std::vector<pid_t> sessions() const { return children(pid_of("ssh.pid")); }
  static std::vector<pid_t> children(pid_t parent) {
    const auto me = std::to_string(parent);
    std::istringstream text(slurp("/proc/" + me + "/task/" + me + "/children"));
    std::vector<pid_t> found;
    for (pid_t child = 0; text >> child;) found.push_back(child);
    return found;
  }

  sallyport::test::Sshd sshd;
  sallyport::test::TempDir directory;
  sallyport::test::KeyFile key;
  ServerOptions options;
  std::string port;
  pid_t pid = -1;
};

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
  if (!sallyport::test::can_add_users()) return;
  Server server;
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
  if (!sallyport::test::can_add_users()) return;
  Server server;
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
  if (!sallyport::test::can_add_users()) return;
  const auto closed = sallyport::test::free_port();
  // Before the fork, so that the stand-in vault grants it.
  struct Unreachable : Server {
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
