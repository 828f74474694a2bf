#include "broker_fixture.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"
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

void limit_send_buffer(int socket, int bytes) {
  if (bytes > 0) (void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

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

base::UniqueFd dial(std::uint16_t port, int send_buffer) {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit_send_buffer(fd.get(), send_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

std::string describe(const recorder::FileEvent& event) {
  std::ostringstream out;
  out << "file " << event.path << (event.direction == recorder::Direction::to_target ? " up " : " down ") << event.size
      << ' ' << (event.sha256 ? base::hex(*event.sha256) : "no-hash") << " outcome=" << int(event.outcome)
      << " action=" << int(event.action) << " other=" << event.other_path << " detail=" << event.detail;
  return out.str();
}

/// As the log does it.
std::string shown(const std::string& text) { return base::escape_text(text, 1024); }

struct Describe {
  std::string operator()(const RequestDenied& n) const { return "denied " + n.what + " " + shown(n.detail); }
  std::string operator()(const ChannelEnded& n) const {
    return "ended " + std::to_string(n.channel) +
           " status=" + (n.exit_status ? std::to_string(*n.exit_status) : "none") + " signal=" + n.exit_signal;
  }
  std::string operator()(const FileSeen& n) const { return describe(n.event); }
  std::string operator()(const RecordingBegun&) const { return "recording begun"; }
  std::string operator()(const ProofRefused& n) const {
    return "refused " + std::to_string(int(n.why)) + " " + shown(n.written);
  }
  std::string operator()(const SessionOver& n) const {
    return "over reason=" + std::to_string(int(n.reason)) + (n.end_mark ? " recorded " : " unrecorded ") + n.sentence;
  }
};

class MemoryAuthority final : public Authority {
 public:
  MemoryAuthority(const BrokerSetup& setup, std::filesystem::path directory, int commands)
      : setup_(setup),
        directory_(std::move(directory)),
        commands_(commands),
        event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        log_(open((directory_ / "notices").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}

  std::vector<int> descriptors() const override { return {event_.get(), commands_}; }

  base::Result<std::vector<Message>> receive() override {
    std::uint64_t count = 0;
    (void)!read(event_.get(), &count, sizeof count);
    char letter = 0;
    if (read(commands_, &letter, 1) == 1) {
      if (letter == 'F') waiting_.emplace_back(Freeze{"An auditor froze this session: to look at it"});
      if (letter == 'T') waiting_.emplace_back(Thaw{});
      if (letter == 'E') waiting_.emplace_back(End{setup_.end_sentence});
      if (letter == 'X') waiting_.emplace_back(PolicyChanged{{true, false, false, false}});
      if (letter == 'L') return base::fail(base::Errc::closed, "the vault has gone");
      note(std::string("command ") + letter);
    }
    return std::exchange(waiting_, {});
  }

  base::Result<> ask(Ticket ticket, Question question) override {
    if (setup_.lost_at == "channel" && std::holds_alternative<ChannelRequest>(question))
      return base::fail(base::Errc::closed, "the vault has gone");
    if (setup_.lost_at == "ask") return base::fail(base::Errc::closed, "the vault has gone");
    std::visit([this, ticket](auto& q) { answer(ticket, q); }, question);
    const std::uint64_t one = 1;
    (void)!write(event_.get(), &one, sizeof one);
    return base::ok();
  }

  base::Result<> tell(const Notice& notice) override {
    if (setup_.lost_at == "tell") return base::fail(base::Errc::closed, "the vault has gone");
    note(std::visit(Describe{}, notice));
    return base::ok();
  }

  void note(const std::string& text) const { (void)base::write_all(log_.get(), base::as_bytes(text + "\n")); }

 private:
  ProofAnswer first(bool good) const { return {good, good && setup_.wants_code ? Needs::code : Needs::nothing}; }
  void answer(Ticket ticket, PublicKeyProof& proof) {
    const auto known = certs::SshPublicKey::parse_line(setup_.user_key_line);
    const bool named = proof.login.user == "alice" || (!proof.login.user && proof.login.account);
    const bool good = named && known && known.value().blob() == proof.key_blob;
    note(std::string("key ") + (proof.verified ? "verified " : "offered ") + (good ? "good" : "bad"));
    if (setup_.silent_to == "proof") return;
    waiting_.emplace_back(Reply{ticket, first(good)});
  }
  void answer(Ticket ticket, PasswordProof& proof) {
    const bool good = proof.login.user == "alice" && proof.password.expose_text() == setup_.user_password;
    note(std::string("password ") + (good ? "good" : "bad"));
    waiting_.emplace_back(Reply{ticket, first(good)});
  }
  void answer(Ticket ticket, CodeProof& proof) {
    const bool good = proof.code.expose_text() == "123456";
    note(std::string("code ") + (good ? "good" : "bad"));
    waiting_.emplace_back(Reply{ticket, ProofAnswer{good, Needs::nothing, good ? "" : "that code was wrong"}});
  }
  void answer(Ticket ticket, ChannelRequest& request) {
    const std::string what =
        std::to_string(request.channel) + " kind=" + std::to_string(int(request.kind)) + " " + shown(request.text);
    const bool refused = !setup_.channel_refusal.empty();
    note((refused ? "refused " : "started ") + what);
    if (setup_.silent_to == "channel") return;
    if (refused)
      waiting_.emplace_back(Reply{ticket, base::fail(base::Errc::denied, setup_.channel_refusal)});
    else
      waiting_.emplace_back(Reply{ticket, ChannelAllowed{}});
  }
  void answer(Ticket ticket, CheckpointRequest& request) {
    note("checkpoint " + std::to_string(request.mark.sequence));
    if (setup_.silent_to == "checkpoint") return;
    waiting_.emplace_back(Reply{ticket, CheckpointSigned{}});
  }
  void answer(Ticket ticket, OpenRequest& request) {
    note("open " + request.login.text());
    if (setup_.silent_to == "open") return;
    if (!setup_.refusal.empty()) {
      waiting_.emplace_back(Reply{ticket, base::fail(base::Errc::denied, setup_.refusal)});
      return;
    }
    const auto session = base::SessionId::random();
    Grant grant{.session = session,
                .target_login = setup_.target_login,
                .kind = setup_.kind,
                .credential = credential(),
                .host_keys = {setup_.pin},
                .policy = setup_.policy,
                .environment = setup_.environment,
                .max_duration = setup_.max_duration,
                .ends_in = setup_.ends_in,
                .max_idle = setup_.max_idle,
                .banner = setup_.banner,
                .recording_key = base::SecretBytes::copy(base::Bytes(32, 7)),
                .wrapped_recording_key = base::Bytes(64, 1),
                .recipients = {},
                .recording_meta = {{"user", "alice"}}};
    waiting_.emplace_back(Reply{ticket, std::move(grant)});
    if (setup_.silent_to == "resources") return;
    const auto file = directory_ / (session.text() + ".spr");
    const bool pipe = setup_.recording_hangs && mkfifo(file.c_str(), 0600) == 0;
    const int flags = pipe ? O_RDWR : O_WRONLY | O_CREAT | O_EXCL | O_APPEND;
    base::UniqueFd recording(open(file.c_str(), flags | O_CLOEXEC, 0600));
    auto target = dial(setup_.target_port, setup_.send_buffer);
    if (!target)
      waiting_.emplace_back(ResourcesFailed{base::fail(base::Errc::unavailable, "The target web1 cannot be reached.")});
    else
      waiting_.emplace_back(Resources{std::move(target), std::move(recording)});
  }

  /// From a file that was written after this process began, nothing of it is left in memory that is not locked.
  base::SecretBytes credential() const {
    if (setup_.credential_file.empty()) return base::SecretBytes::copy(base::as_bytes(setup_.credential));
    const base::UniqueFd file(open(setup_.credential_file.c_str(), O_RDONLY | O_CLOEXEC));
    base::SecretBytes secret(std::filesystem::file_size(setup_.credential_file));
    const auto into = secret.expose_mutable();
    if (read(file.get(), into.data(), into.size()) != static_cast<ssize_t>(into.size())) _exit(1);
    return secret;
  }

  const BrokerSetup& setup_;
  std::filesystem::path directory_;
  int commands_;
  base::UniqueFd event_;
  base::UniqueFd log_;
  std::vector<Message> waiting_;
};

/// Seconds that pass faster, for bounds that no test can wait for.
class FastClock final : public base::Clock {
 public:
  explicit FastClock(unsigned speed) : speed_(speed), start_(real_.mono()), wall_start_(real_.wall()) {}
  base::MonoTime mono() const override { return start_ + (real_.mono() - start_) * speed_; }
  base::WallTime wall() const override { return wall_start_ + (real_.wall() - wall_start_) * speed_; }

 private:
  base::SystemClock real_;
  unsigned speed_;
  base::MonoTime start_;
  base::WallTime wall_start_;
};

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
  MemoryAuthority authority(setup, directory, commands);
  const FastClock clock(setup.clock_speed);
  authority.note("pid " + std::to_string(getpid()));
  auto bounds = setup.bounds;
  // It sleeps by the kernel's seconds, not by those that pass faster.
  if (setup.clock_speed > 1) bounds.longest_rest = base::Milliseconds{1000};
  auto session = SshSession::create(std::move(client), keys, authority, clock, bounds);
  if (!session) return 1;
  const auto result = session.value()->run();
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
