#include "leg.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <string_view>

namespace sallyport::broker {
namespace {

constexpr std::uint64_t kFloodPackets = 100000;
// AES-GCM first: the fastest with the CPU's help. No SHA-1, no CBC, no DSA.
constexpr const char* kCiphers =
    "aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr";
constexpr const char* kHostKeys =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";

base::Result<> set(ssh_session session, ssh_options_e option, const void* value) {
  if (ssh_options_set(session, option, value) == SSH_OK) return base::ok();
  return base::fail(base::Errc::internal, "libssh refuses an option: " + library_error(session));
}

/// Everything by value: no configuration file, no home directory, no agent is looked at.
base::Result<> configure_target(ssh_session session, int socket, const std::string& login) {
  const bool no_files = false;
  const int least_rsa = 2048;
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_PROCESS_CONFIG, &no_files));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_SSH_DIR, "/nonexistent"));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null"));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_HOST, "target"));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_USER, login.c_str()));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_HOSTKEYS, kHostKeys));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_CIPHERS_C_S, kCiphers));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_CIPHERS_S_C, kCiphers));
  SALLYPORT_TRYV(set(session, SSH_OPTIONS_RSA_MIN_SIZE, &least_rsa));
  return set(session, SSH_OPTIONS_FD, &socket);
}

void set_flag(int socket, int option) noexcept {
  const int on = 1;
  // Fails on a Unix socket, where there is nothing to gain.
  (void)setsockopt(socket, IPPROTO_TCP, option, &on, sizeof on);
}

}  // namespace

base::Result<std::unique_ptr<Leg>> Leg::to_client(base::UniqueFd socket, ssh_bind bind) {
  std::unique_ptr<Leg> leg(new Leg(std::move(socket), true));
  leg->session_.reset(ssh_new());
  if (!leg->session_) return base::fail(base::Errc::internal, "libssh gives no session");
  ssh_session session = leg->get();
  if (ssh_bind_accept_fd(bind, session, leg->socket_.get()) != SSH_OK) {
    return base::fail(base::Errc::internal, "libssh takes no connection: " + library_error(bind));
  }
  leg->ahead_.emplace(leg->socket_.release());
  ssh_set_blocking(session, 0);
  leg->attach_counters();
  leg->rearm_socket();
  return leg;
}

base::Result<std::unique_ptr<Leg>> Leg::to_target(base::UniqueFd socket, const std::string& login) {
  std::unique_ptr<Leg> leg(new Leg(std::move(socket), false));
  leg->session_.reset(ssh_new());
  if (!leg->session_) return base::fail(base::Errc::internal, "libssh gives no session");
  SALLYPORT_TRYV(configure_target(leg->get(), leg->socket_.get(), login));
  leg->ahead_.emplace(leg->socket_.get());
  ssh_set_blocking(leg->get(), 0);
  leg->attach_counters();
  return leg;
}

Leg::~Leg() { disconnect({}); }

void Leg::attach_counters() noexcept { ssh_set_counters(get(), &bytes_, &packets_); }

void Leg::rearm_socket() const noexcept {
  const int socket = ssh_get_fd(get());
  if (socket < 0) return;
  int on = 1;
  (void)ioctl(socket, FIONBIO, &on);  // a session's sandbox knows no F_SETFL
  set_flag(socket, TCP_NODELAY);
  set_flag(socket, TCP_QUICKACK);
}

base::Result<> Leg::join(ssh_event event) {
  if (ssh_event_add_session(event, get()) == SSH_OK) return base::ok();
  return base::fail(base::Errc::internal, "libssh cannot watch a connection");
}

base::Result<bool> Leg::handshake() {
  const int done = server_ ? ssh_handle_key_exchange(get()) : ssh_connect(get());
  rearm_socket();
  if (done == SSH_OK) return true;
  if (done == SSH_AGAIN) return false;
  return base::fail(base::Errc::closed, "key exchange failed: " + library_error(get()));
}

std::size_t Leg::room() noexcept {
  if (flushed()) backlog_ = 0;
  return backlog_ >= kMaxBacklog ? 0 : kMaxBacklog - backlog_;
}

bool Leg::flushed() const noexcept { return (ssh_get_poll_flags(get()) & SSH_WRITE_PENDING) == 0; }

bool Leg::has_news(std::uint64_t data_packets) noexcept {
  const std::uint64_t other = packets_.in_packets - data_packets;
  return std::exchange(seen_other_, other) != other;
}

bool Leg::flooding() noexcept {
  if (flushed() || bytes_.out_bytes != out_mark_) {
    out_mark_ = bytes_.out_bytes;
    packets_mark_ = packets_.in_packets;
  }
  return packets_.in_packets - packets_mark_ > kFloodPackets;
}

bool Leg::overran() const noexcept {
  // libssh has no other word for it: most of its fatal errors are not, and its session goes on.
  return std::string_view(ssh_get_error(session_.get())) == "Window exceeded";
}

bool Leg::keep_alive(base::MonoTime now, base::Milliseconds interval, unsigned max) {
  if (bytes_.in_bytes != heard_bytes_ || heard_ == base::MonoTime{}) {
    heard_bytes_ = bytes_.in_bytes;
    heard_ = now;
    unanswered_ = 0;
    return true;
  }
  if (now - heard_ < interval) return true;
  heard_ = now;
  if (++unanswered_ > max) return false;
  (void)ssh_send_keepalive(get());
  return true;
}

void Leg::cut() noexcept {
  const int socket = ssh_get_fd(get());
  if (socket >= 0) (void)::shutdown(socket, SHUT_RDWR);
}

void Leg::disconnect(const std::string& sentence) {
  if (!session_) return;
  if (!sentence.empty()) (void)ssh_session_set_disconnect_message(get(), sentence.c_str());
  ahead_.reset();
  ssh_disconnect(get());
  session_.reset();
}

}  // namespace sallyport::broker
