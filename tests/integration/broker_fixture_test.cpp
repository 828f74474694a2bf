#include "broker_fixture.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "memory_authority.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "support/catch.hpp"

/// In the place of the C library's, for the whole of this program: a pipe stands for a disk that hangs, and a pipe
/// cannot be synced.
extern "C" int fdatasync(int file) {
  struct stat facts {};
  if (fstat(file, &facts) == 0 && S_ISFIFO(facts.st_mode)) return 0;
  return static_cast<int>(syscall(SYS_fdatasync, file));
}

namespace sallyport::test {
namespace {

using namespace broker;

base::UniqueFd loopback_listener(std::uint16_t& port) {
  base::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (!bound || listen(listener.get(), 64) != 0) throw std::runtime_error("no listener");
  port = port_of(listener.get());
  return listener;
}

void limit_files(std::uint64_t bytes) {
  if (bytes == 0) return;
  (void)signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  (void)setrlimit(RLIMIT_FSIZE, &limit);
}

int serve_one(base::UniqueFd client, const HostKeys& keys, const BrokerSetup& setup,
              const std::filesystem::path& directory, int commands) {
  (void)base::LockedMemory::after_fork(base::LockPolicy::prefer);
  limit_files(setup.recording_limit);
  FastClock clock(setup.clock_speed);
  MemoryAuthority authority(setup, directory, commands, clock);
  authority.note("pid " + std::to_string(getpid()));
  auto session = SshSession::create(std::move(client), keys, authority, clock, setup.bounds);
  if (!session) return 1;
  const auto result = session.value()->run();
  if (result.undecided) authority.note("undecided");
  authority.note("result authenticated=" + std::to_string(result.authenticated) + " " + result.sentence);
  return 0;
}

}  // namespace

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) throw std::runtime_error("no port");
  return ntohs(address.sin_port);
}

std::string text_of(const base::Bytes& bytes) { return std::string(bytes.begin(), bytes.end()); }

TestBroker::TestBroker(const BrokerSetup& setup) {
  (void)base::LockedMemory::init(base::LockPolicy::prefer);
  auto listener = loopback_listener(port_);
  limit_send_buffer(listener.get(), setup.send_buffer);  // a connection has it from its listener
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
  commands_out_.reset(ends[0]);
  commands_in_.reset(ends[1]);
  server_ = fork();
  if (server_ == 0) serve(listener.get(), setup);
}

void TestBroker::serve(int listener, const BrokerSetup& setup) {
  (void)signal(SIGCHLD, SIG_IGN);
  (void)signal(SIGPIPE, SIG_IGN);
  (void)base::LockedMemory::after_fork(base::LockPolicy::prefer);
  if (!SshSession::init_library()) _exit(1);
  std::vector<base::SecretBytes> texts;
  texts.push_back(std::move(certs::generate_ssh_key("broker").value().private_pem));
  auto keys = HostKeys::load(texts);
  texts.clear();  // the children's slabs start empty
  if (!keys) _exit(1);
  for (;;) {
    base::UniqueFd client(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) continue;
    if (fork() == 0) _exit(serve_one(std::move(client), keys.value(), setup, directory_.path(), commands_out_.get()));
  }
}

TestBroker::~TestBroker() {
  if (server_ <= 0) return;
  (void)kill(server_, SIGKILL);
  (void)waitpid(server_, nullptr, 0);
}

std::string TestBroker::notices() const {
  const auto bytes = base::read_file(directory_.path() / "notices", 64U << 20U);
  return bytes ? text_of(bytes.value()) : std::string();
}

bool TestBroker::wait_for_notice(const std::string& text, int times) const {
  for (int i = 0; i < 3000; ++i) {
    int seen = 0;
    const auto all = notices();
    for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++seen;
    if (seen >= times) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

void TestBroker::command(char letter) {
  (void)base::write_all(commands_in_.get(), base::as_bytes(std::string_view(&letter, 1)));
}

std::filesystem::path TestBroker::recording() const {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    if (entry.path().extension() != ".spr") continue;
    if (newest.empty() || last_write_time(entry.path()) > last_write_time(newest)) newest = entry.path();
  }
  return newest;
}

World::World(BrokerSetup setup, SshdOptions options) : sshd(std::move(options)) {
  alice = make_key_file(directory.path(), "alice");
  const auto account = make_key_file(directory.path(), "account");
  login = can_add_users() ? sshd.add_user("Target-Secret-1") : getpwuid(getuid())->pw_name;
  if (setup.credential.empty()) {
    sshd.set_authorized_keys(login, account.public_line + "\n");
    setup.credential = text_of(base::read_file(account.path, 16384).value());
  }
  if (setup.target_port == 0) setup.target_port = sshd.port();
  if (setup.pin.empty()) setup.pin = sshd.host_key_blob();
  if (setup.user_key_line.empty()) setup.user_key_line = alice.public_line;
  setup.target_login = login;
  broker = std::make_unique<TestBroker>(setup);
}

std::vector<std::string> World::ssh(std::vector<std::string> before, std::vector<std::string> after) const {
  std::vector<std::string> argv{"ssh",
                                "-F",
                                "none",
                                "-p",
                                std::to_string(broker->port()),
                                "-i",
                                alice.path.string(),
                                "-o",
                                "StrictHostKeyChecking=no",
                                "-o",
                                "UserKnownHostsFile=/dev/null",
                                "-o",
                                "LogLevel=ERROR",
                                "-o",
                                "IdentitiesOnly=yes",
                                "-o",
                                "BatchMode=yes"};
  argv.insert(argv.end(), before.begin(), before.end());
  argv.push_back("alice+root+web1@127.0.0.1");
  argv.insert(argv.end(), after.begin(), after.end());
  return argv;
}

base::Finished World::run_ssh(std::vector<std::string> before, std::vector<std::string> after) const {
  base::Command command;
  command.argv = ssh(std::move(before), std::move(after));
  command.environment = {"PATH=/usr/bin:/bin", "HOME=" + directory.path().string(), "LC_TEST=from.alice",
                         "SECRET_TEST=no"};
  command.output_limit = 64U << 20U;
  auto finished = base::run(command);
  if (!finished) throw std::runtime_error(finished.error().describe());
  return std::move(finished).value();
}

base::Finished World::shell(const std::string& line, std::chrono::milliseconds timeout) const {
  base::Command command;
  const std::string options =
      "-F none -i " + alice.path.string() +
      " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes";
  command.argv = {"sh", "-c", line};
  command.environment = {
      "PATH=/usr/bin:/bin",        "HOME=" + directory.path().string(),      "DIR=" + directory.path().string(),
      "SSH_OPTS=" + options,       "PORT=" + std::to_string(broker->port()), "WHO=alice+root+web1@127.0.0.1",
      "KEY=" + alice.path.string()};
  command.output_limit = 64U << 20U;
  command.timeout = timeout;
  auto finished = base::run(command);
  if (!finished) throw std::runtime_error(finished.error().describe());
  return std::move(finished).value();
}

}  // namespace sallyport::test
