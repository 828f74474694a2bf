#include "peers.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "sallyport/base/file.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{30};
constexpr unsigned kChildSeconds = 120;  ///< a target that a failed test forgot ends itself

void set(ssh_session session, ssh_options_e option, const void* value) {
  if (ssh_options_set(session, option, value) != SSH_OK) throw std::runtime_error("libssh refuses an option");
}

ssh_key import_key(const char* text) {
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_base64(text, nullptr, nullptr, nullptr, &key) != SSH_OK)
    throw std::runtime_error("no key");
  return key;
}

}  // namespace

// ---- Client

RawClient::RawClient(const World& world, const std::string& login, std::uint16_t by_port)
    : world_(world), session_(ssh_new()) {
  const int port = by_port != 0 ? by_port : world.broker->port();
  const bool no_files = false;
  set(session_, SSH_OPTIONS_PROCESS_CONFIG, &no_files);
  set(session_, SSH_OPTIONS_HOST, "127.0.0.1");
  set(session_, SSH_OPTIONS_PORT, &port);
  set(session_, SSH_OPTIONS_USER, login.c_str());
  set(session_, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
}

RawClient::~RawClient() {
  const int fd = ssh_get_fd(session_);
  if (fd >= 0) (void)shutdown(fd, SHUT_RDWR);
  ssh_disconnect(session_);
  ssh_free(session_);
}

void RawClient::log_in() {
  if (ssh_connect(session_) != SSH_OK) throw std::runtime_error(farewell());
  ssh_key key = import_key(text_of(base::read_file(world_.alice.path, 16384).value()).c_str());
  const int done = ssh_userauth_publickey(session_, nullptr, key);
  ssh_key_free(key);
  if (done != SSH_AUTH_SUCCESS) throw std::runtime_error("alice is refused: " + farewell());
}

ssh_channel RawClient::open() const {
  ssh_channel channel = ssh_channel_new(session_);
  if (ssh_channel_open_session(channel) != SSH_OK) throw std::runtime_error("no channel: " + farewell());
  return channel;
}

bool RawClient::until(const std::function<bool()>& holds) const {
  ssh_event event = ssh_event_new();
  (void)ssh_event_add_session(event, session_);
  const auto end = Clock::now() + kPatience;
  bool held = holds();
  while (!held && ssh_is_connected(session_) && Clock::now() < end) {
    (void)ssh_event_dopoll(event, 20);
    held = holds();
  }
  (void)ssh_event_remove_session(event, session_);
  ssh_event_free(event);
  return held;
}

// ---- Target

RawTarget::RawTarget(Play play) {
  const auto key = certs::generate_ssh_key("target").value();
  pin_ = key.public_key.blob();
  const base::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int ends[2];
  const bool bound = bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (!bound || listen(listener.get(), 8) != 0 || pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no target");
  port_ = port_of(listener.get());
  in_.reset(ends[0]);
  out_.reset(ends[1]);
  const std::string host_key(key.private_pem.expose_text());  // locked memory is not for children
  pid_ = fork();
  if (pid_ == 0) run(listener.get(), host_key, play);
  out_.reset();
}

RawTarget::~RawTarget() {
  if (pid_ <= 0) return;
  (void)kill(pid_, SIGKILL);
  (void)waitpid(pid_, nullptr, 0);
}

BrokerSetup RawTarget::setup() const {
  BrokerSetup setup;
  setup.target_port = port_;
  setup.pin = pin_;
  setup.kind = broker::CredentialKind::password;
  setup.credential = "Target-Secret-9";
  return setup;
}

void RawTarget::run(int listener, const std::string& host_key, const Play& play) {
  (void)alarm(kChildSeconds);
  (void)signal(SIGPIPE, SIG_IGN);
  ssh_bind bind = ssh_bind_new();
  const bool no_files = false;
  (void)ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_files);
  (void)ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, import_key(host_key.c_str()));
  ssh_session session = ssh_new();
  const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (ssh_bind_accept_fd(bind, session, client) != SSH_OK) _exit(1);
  ssh_set_auth_methods(session, SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE);
  if (ssh_handle_key_exchange(session) != SSH_OK) _exit(1);
  play(session, *this);
  say("end of the play");
  ssh_disconnect(session);
  _exit(0);
}

void RawTarget::say(const std::string& line) const { (void)base::write_all(out_.get(), base::as_bytes(line + "\n")); }

ssh_message RawTarget::next(ssh_session session, int type, int subtype) const {
  while (ssh_message message = ssh_message_get(session)) {
    const int kind = ssh_message_type(message);
    if (kind == type && (subtype < 0 || ssh_message_subtype(message) == subtype)) return message;
    if (kind == SSH_REQUEST_SERVICE)
      (void)ssh_message_service_reply_success(message);
    else
      (void)ssh_message_reply_default(message);
    ssh_message_free(message);
  }
  return nullptr;
}

ssh_channel RawTarget::serve_login_and_exec(ssh_session session) const {
  ssh_message login = next(session, SSH_REQUEST_AUTH, SSH_AUTH_METHOD_PASSWORD);
  if (login == nullptr) _exit(1);
  (void)ssh_message_auth_reply_success(login, 0);
  ssh_message open = next(session, SSH_REQUEST_CHANNEL_OPEN, SSH_CHANNEL_SESSION);
  if (open == nullptr) _exit(1);
  ssh_channel channel = ssh_message_channel_request_open_reply_accept(open);
  ssh_message exec = next(session, SSH_REQUEST_CHANNEL, SSH_CHANNEL_REQUEST_EXEC);
  if (exec == nullptr) _exit(1);
  (void)ssh_message_channel_request_reply_success(exec);
  return channel;
}

void RawTarget::wait_for_key(ssh_channel channel) const {
  char key = 0;
  if (ssh_channel_read(channel, &key, 1, 0) != 1) _exit(1);
}

bool RawTarget::heard(const std::string& text) {
  const auto end = Clock::now() + kPatience;
  while (said_.find(text) == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd wanted{in_.get(), POLLIN, 0};
    if (left <= 0 || poll(&wanted, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 4096> buffer{};
    const auto got = read(in_.get(), buffer.data(), buffer.size());
    if (got <= 0) return false;
    said_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace sallyport::test
