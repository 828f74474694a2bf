#include "ssh_listener.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "child_link.hpp"
#include "recording_opener.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/base/log.hpp"
#include "session_child.hpp"

namespace sallyport::app {

using base::LogLevel;
using base::ok;
using base::Result;
using base::UniqueFd;

namespace {

constexpr int kAcceptsAtOnce = 16;
constexpr std::chrono::milliseconds kAttachPause{100};
constexpr unsigned kRefusalsLogged = 10;  ///< a second
constexpr int kMaxLeaving = 64;           ///< pushed out, and not gone yet
constexpr std::string_view kBusy = "the server is busy; connect again in a moment";
constexpr std::string_view kSealed = "the vault is sealed; its operator opens it";
constexpr std::string_view kUnwritable = "Nobody can log in now: the vault can't write its log. Try again later.";
constexpr std::string_view kPushedOut = "too many connections are logging in; connect again";

Result<Record> decode_output(OperationId operation, base::ByteView payload) {
  return decode(payload, find_operation(operation)->output);
}

unsigned dice() {
  std::array<std::uint8_t, 4> random{};
  base::random_bytes(random);
  return (static_cast<unsigned>(random[0]) << 16U | static_cast<unsigned>(random[1]) << 8U | random[2]) % 100;
}

/// For a caller whom the vault did not register.
std::string_view why_not(base::Errc code) {
  if (code == base::Errc::limit) return to_string(broker::Admission::too_many_sessions);
  if (code == base::Errc::unavailable) return kUnwritable;
  return code == base::Errc::sealed ? kSealed : kBusy;
}

broker::ConnectionLimitsConfig limits_of(const ServerOptions& options) {
  broker::ConnectionLimitsConfig config;
  config.max_sessions = options.max_sessions;
  return config;
}

broker::Outcome outcome_of(int status) {
  // SIGKILL is sent from this machine; what a client can bring about is a fault, an abort or a forbidden call (SIGSYS).
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return broker::Outcome::served;
  if (!WIFEXITED(status)) return broker::Outcome::crashed;
  switch (WEXITSTATUS(status)) {
    case kSessionAuthFailed:
      return broker::Outcome::auth_failed;
    case kSessionNoAuth:
      return broker::Outcome::no_auth;
    default:
      return broker::Outcome::served;
  }
}

}  // namespace

SshListener::SshListener(UniqueFd port, UniqueFd control, UniqueFd signals, const ServerOptions& options,
                         const Identities& identities, const broker::HostKeys& keys)
    : port_(std::move(port)),
      control_(std::move(control)),
      signals_(std::move(signals)),
      options_(options),
      identities_(identities),
      keys_(keys),
      paths_(options.data),
      limits_(limits_of(options)) {}

SshListener::~SshListener() = default;

Result<> SshListener::attach() {
  next_attach_ = Clock::now() + kAttachPause;
  SALLYPORT_TRY(auto connection, VaultConnection::connect(paths_.vault_socket));
  SALLYPORT_TRY(auto nothing, encode(Record(find_operation(OperationId::ssh_listen)->input)));
  SALLYPORT_TRYV(connection.request(OperationId::ssh_listen, std::move(nothing)));
  vault_ = std::move(connection);
  return ok();
}

void SshListener::run() {
  while (!stop_wanted(control_.get())) turn();
  stop_sessions();
}

void SshListener::turn() {
  const auto now = Clock::now();
  if (!vault_ && now >= next_attach_) (void)attach();

  std::vector<pollfd> entries{{control_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  // Without a vault nobody can be let in: callers wait in the port's queue until it is back.
  entries.push_back({vault_ && pending_.size() < kMaxPending ? port_.get() : -1, POLLIN, 0});
  entries.push_back(
      {vault_ ? vault_->fd() : -1, static_cast<short>(vault_ && vault_->wants_write() ? POLLIN | POLLOUT : POLLIN), 0});
  const std::size_t fixed = entries.size();
  for (const auto& pending : pending_) entries.push_back({pending.vault.fd(), POLLIN, 0});
  for (const auto& dial : dials_) entries.push_back({dial.dialer.fd(), dial.dialer.events(), 0});
  const std::size_t refused = entries.size();
  refusals_.add_to(entries);
  if (::poll(entries.data(), entries.size(), timeout(now)) < 0) return;

  std::size_t index = fixed;
  for (auto& pending : pending_) {
    if (entries[index++].revents != 0) take_registration(pending);
  }
  for (auto& dial : dials_) dial.dialer.on_event(entries[index++].revents != 0, Clock::now());
  refusals_.take(entries.data() + refused, Clock::now());
  if (entries[3].revents != 0) take_vault();
  finish_dials(Clock::now());
  if (entries[2].revents != 0) take_connections();
  if (entries[1].revents != 0) reap();
}

int SshListener::timeout(Clock::time_point now) const {
  auto until = now + std::chrono::seconds(10);
  if (!vault_) until = std::min(until, next_attach_);
  for (const auto& pending : pending_) until = std::min(until, pending.deadline);
  for (const auto& dial : dials_) until = std::min(until, dial.dialer.deadline());
  if (refusals_.size() > 0) until = std::min(until, now + Refusals::kHeldFor);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 10000));
}

void SshListener::take_connections() {
  for (int count = 0; count < kAcceptsAtOnce; ++count) {
    TcpAddress peer;
    peer.size = sizeof peer.storage;
    UniqueFd client(
        ::accept4(port_.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) {
      (void)spare_.refuse_one(errno, port_.get(), base::as_text(refusal_bytes(kBusy)));
      return;
    }
    take_connection(std::move(client), peer);
  }
}

void SshListener::take_connection(UniqueFd client, const TcpAddress& peer) {
  const std::string source = broker::source_key(peer.host());
  const auto number = ++last_number_;
  const auto verdict = limits_.admit(number, source, clock_.mono(), dice());
  if (verdict.pushed_out) push_out(*verdict.pushed_out);
  if (verdict.admission != broker::Admission::admitted)
    return refuse(std::move(client), source, to_string(verdict.admission));
  auto pending = begin_register(client, peer, source);
  if (pending) {
    pending.value().number = number;
    pending_.push_back(std::move(pending.value()));
    return;
  }
  limits_.ended(number, broker::Outcome::served, clock_.mono());
  refuse(std::move(client), source, kBusy);
}

/// The sentence goes to the caller. The log has some of a flood, and how many there were.
void SshListener::refuse(UniqueFd client, const std::string& source, std::string_view why) {
  const auto now = Clock::now();
  refusals_.refuse(std::move(client), why, now);
  ++untold_;
  if (now - told_since_ >= std::chrono::seconds(1)) {
    told_since_ = now;
    told_ = 0;
  }
  if (++told_ > kRefusalsLogged) return;
  base::log(LogLevel::warning, "ssh.refused",
            {{"source", source}, {"why", std::string(why)}, {"refused", std::to_string(std::exchange(untold_, 0))}});
}

/// It has proven nothing yet, and another one needs its place. It is asked to go; where too many have not gone yet, it
/// is ended.
void SshListener::push_out(broker::ConnectionNumber number) {
  for (auto& pending : pending_) {
    if (pending.number != number || pending.over) continue;
    pending.over = true;
    limits_.ended(number, broker::Outcome::served, clock_.mono());
    return refuse(std::move(pending.client), pending.source, kPushedOut);
  }
  const auto leaving =
      std::count_if(sessions_.begin(), sessions_.end(), [](const auto& s) { return s.second.pushed_out; });
  const auto found =
      std::find_if(sessions_.begin(), sessions_.end(), [number](const auto& s) { return s.second.number == number; });
  if (found == sessions_.end()) return;
  found->second.pushed_out = true;
  const bool told = leaving < kMaxLeaving && send_link(found->second.link.get(), LinkEnd{std::string(kPushedOut)});
  if (!told) (void)::kill(found->second.pid, SIGKILL);
}

Result<SshListener::Pending> SshListener::begin_register(UniqueFd& client, const TcpAddress& peer, std::string source) {
  const int on = 1;
  (void)::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Record record(find_operation(OperationId::session_register)->input);
  record.set("source", peer.host()).set("port", std::uint64_t{peer.port()});
  SALLYPORT_TRY(auto payload, encode(record));
  SALLYPORT_TRY(auto vault, VaultConnection::connect(paths_.vault_socket));
  SALLYPORT_TRYV(vault.request(OperationId::session_register, std::move(payload)));
  return Pending{std::move(client), std::move(vault), 0, std::move(source), Clock::now() + kRegisterTimeout};
}

void SshListener::take_registration(Pending& pending) {
  const auto read = pending.vault.on_readable();
  auto frame = pending.vault.next();
  if (!frame && read) return;
  pending.over = true;
  auto connection = [&]() -> Result<std::uint64_t> {
    if (!frame) return read.error();
    SALLYPORT_TRY(const auto payload, reply_result(std::move(*frame)));
    SALLYPORT_TRY(const auto record, decode_output(OperationId::session_register, payload.view()));
    return record.number("connection");
  }();
  if (connection) return start_session(pending, connection.value());
  base::log(LogLevel::warning, "ssh.refused", {{"source", pending.source}, {"why", connection.error().describe()}});
  limits_.ended(pending.number, broker::Outcome::served, clock_.mono());
  refuse(std::move(pending.client), pending.source, why_not(connection.error().code()));
}

void SshListener::start_session(Pending& pending, std::uint64_t connection) {
  auto pair = base::socket_pair(true);
  const pid_t child = pair ? ::fork() : -1;
  if (child == 0) {
    SessionHandles handles{std::move(pending.client), std::move(pending.vault).release(),
                           std::move(pair.value().second)};
    run_session_child(std::move(handles), keys_, options_, identities_);
  }
  if (child < 0) {
    base::log(LogLevel::error, "ssh.no_child", {{"source", pending.source}});
    limits_.ended(pending.number, broker::Outcome::served, clock_.mono());
    return refuse(std::move(pending.client), pending.source, kBusy);
  }
  (void)base::set_nonblocking(pair.value().first.get());
  sessions_.emplace(connection, Session{child, std::move(pair.value().first), pending.number, pending.source});
}

void SshListener::take_vault() {
  Result<> state = vault_->wants_write() ? vault_->on_writable() : Result<>(ok());
  if (state) state = vault_->on_readable();
  while (auto frame = vault_->next()) {
    if (frame->type != FrameType::push) continue;  // answers to ssh.listen and dial.failed change nothing here
    if (const auto taken = take_push(*frame); !taken)
      base::log(LogLevel::error, "ssh.push", {{"why", taken.error().describe()}});
  }
  if (state) return;
  vault_.reset();
  next_attach_ = Clock::now() + kAttachPause;
  base::log(LogLevel::warning, "ssh.vault_lost");
}

Result<> SshListener::take_push(const Frame& frame) {
  const auto* push = find_operation(frame.code);
  if (push == nullptr) return base::fail(base::Errc::invalid, "the vault pushed what is in no row");
  SALLYPORT_TRY(const auto record, decode(frame.payload.view(), push->input));
  if (push->id == OperationId::push_dial) return take_dial(record);
  if (push->id == OperationId::push_over) end_process(record.number("connection"));
  return ok();
}

/// A session that has ended goes by itself. One that has not, although its connection to the vault went long ago, is
/// held up, or not ours any more.
void SshListener::end_process(std::uint64_t connection) {
  const auto session = sessions_.find(connection);
  if (session == sessions_.end()) return;
  base::log(LogLevel::warning, "session.killed", {{"pid", std::to_string(session->second.pid)}});
  (void)::kill(session->second.pid, SIGKILL);
}

Result<> SshListener::take_dial(const Record& record) {
  const auto connection = record.number("connection");
  const auto session = sessions_.find(connection);
  if (session == sessions_.end()) {
    report_failed_dial(std::string(record.text("session")), "the client has gone");
    return ok();
  }
  if (!session->second.authenticated) limits_.authenticated(session->second.number, clock_.mono());
  session->second.authenticated = true;
  dials_.push_back({connection, std::string(record.text("session")), std::string(record.text("file")),
                    Dialer(std::string(record.text("host")), static_cast<std::uint16_t>(record.number("port")),
                           Clock::now() + options_.dial_timeout)});
  return ok();
}

void SshListener::finish_dials(Clock::time_point now) {
  for (auto& dial : dials_) {
    dial.dialer.on_event(false, now);
    if (dial.dialer.finished()) finish_dial(dial);
  }
  dials_.remove_if([](const Dial& dial) { return dial.dialer.finished(); });
  for (auto& pending : pending_) {
    if (pending.over || pending.deadline > now) continue;
    pending.over = true;
    limits_.ended(pending.number, broker::Outcome::served, clock_.mono());
    refuse(std::move(pending.client), pending.source, kBusy);
  }
  pending_.remove_if([](const Pending& pending) { return pending.over; });
}

void SshListener::finish_dial(Dial& dial) {
  const auto session = sessions_.find(dial.connection);
  if (session == sessions_.end()) return report_failed_dial(dial.session, "the client has gone");
  const auto handed = [&]() -> Result<> {
    SALLYPORT_TRY(auto target, dial.dialer.take());
    return hand_over(session->second.link.get(), std::move(target), paths_.recordings, dial.file);
  }();
  if (handed) return;
  const std::string& why = handed.error().context();
  base::log(LogLevel::warning, "ssh.dial_failed", {{"session", dial.session}, {"why", why}});
  report_failed_dial(dial.session, why);
  (void)send_link(session->second.link.get(), LinkFailed{"the target can't be reached: " + why});
}

void SshListener::report_failed_dial(const std::string& session, std::string_view reason) {
  if (!vault_) return;
  Record record(find_operation(OperationId::dial_failed)->input);
  record.set("session", session).set("reason", reason.substr(0, 500));
  auto payload = encode(record);
  if (!payload || !vault_->request(OperationId::dial_failed, std::move(payload.value())))
    base::log(LogLevel::warning, "ssh.dial_failed_not_told", {{"session", session}});
}

void SshListener::reap() {
  signalfd_siginfo ignored{};
  while (::read(signals_.get(), &ignored, sizeof ignored) > 0) {
  }
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto found =
        std::find_if(sessions_.begin(), sessions_.end(), [pid](const auto& entry) { return entry.second.pid == pid; });
    if (found == sessions_.end()) continue;  // one that looked up a name, or made a recording
    session_ended(found->second, status);
    sessions_.erase(found);
  }
}

void SshListener::session_ended(const Session& session, int status) {
  limits_.ended(session.number, outcome_of(status), clock_.mono());
  if (WIFSIGNALED(status))
    base::log(LogLevel::error, "session.crashed",
              {{"pid", std::to_string(session.pid)}, {"signal", std::to_string(WTERMSIG(status))}});
}

void SshListener::stop_sessions() {
  port_.reset();
  for (auto& [connection, session] : sessions_)
    (void)send_link(session.link.get(), LinkEnd{"the server is stopping; connect again in a moment"});
  const auto deadline = Clock::now() + kStopTimeout;
  while (!sessions_.empty() && Clock::now() < deadline) {
    (void)base::wait_for(signals_.get(), POLLIN, std::chrono::milliseconds(100));
    reap();
  }
  for (auto& [connection, session] : sessions_) ::kill(session.pid, SIGKILL);
}

}  // namespace sallyport::app
