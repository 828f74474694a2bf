#include "vault_loop.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/log.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::fail_errno;
using base::LogLevel;
using base::ok;
using base::Result;
using base::UniqueFd;

namespace {

constexpr int kAcceptsAtOnce = 1024;  ///< strangers cost no more than their refusal
constexpr int kBacklog = 1024;
constexpr int kControlsAtOnce = 64;
constexpr std::size_t kFlushAt = 64U << 10U;  ///< of replies: far below what a queue may hold
constexpr short kReadBits = POLLIN | POLLHUP | POLLERR;

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

/// Of connections. The listener knows sessions by them, and some of those outlive the vault that gave the number: the
/// next vault's must be others. 48 bits, so that counting on never comes near an end.
std::uint64_t first_id() {
  std::array<std::uint8_t, 6> random{};
  base::random_bytes(random);
  std::uint64_t id = 0;
  for (const auto byte : random) id = id << 8U | byte;
  return id;
}

/// What a reply may take of the locked memory.
std::size_t most_secret(Fields output) noexcept {
  std::size_t sum = 0;
  for (const auto& field : output) {
    const bool secret = field.type == FieldType::secret || field.type == FieldType::secret_bytes;
    if (secret) sum += field.max;
  }
  return sum;
}

bool has_list(Fields output) noexcept {
  return std::any_of(output.begin(), output.end(), [](const Field& field) { return field.type == FieldType::list; });
}

bool one_at_a_time(PeerKind kind) noexcept { return kind == PeerKind::ssh || kind == PeerKind::session; }

}  // namespace

Result<UniqueFd> listen_unix(const std::filesystem::path& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof address.sun_path)
    return fail(Errc::limit, "socket path " + text + " is longer than 107 bytes: choose a shorter data directory");
  std::copy(text.begin(), text.end(), address.sun_path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("can't make a socket", errno);
  if (::unlink(text.c_str()) != 0 && errno != ENOENT) return fail_errno("can't remove the old socket " + text, errno);
  // The file takes the socket's own mode: never wider than meant, and nothing is changed by its path afterwards.
  if (::fchmod(fd.get(), mode) != 0) return fail_errno("can't set the mode of " + text, errno);
  const mode_t before = ::umask(0);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound != 0) return fail_errno("can't bind " + text, error);
  if (::listen(fd.get(), kBacklog) != 0) return fail_errno("can't listen on " + text, errno);
  return fd;
}

VaultLoop::VaultLoop(UniqueFd listener, UniqueFd control, BatchHandler& handler, uid_t operator_uid)
    : listener_(std::move(listener)),
      control_(std::move(control)),
      handler_(handler),
      operator_uid_(operator_uid),
      last_id_(first_id()) {}

VaultLoop::~VaultLoop() = default;

Result<> VaultLoop::run() {
  for (;;) {
    SALLYPORT_TRY(const bool more, turn(kTick));
    if (!more) return ok();
  }
}

Result<bool> VaultLoop::turn(std::chrono::milliseconds wait_at_most) {
  const auto to_tick = std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - Clock::now());
  SALLYPORT_TRYV(wait(std::clamp(to_tick, std::chrono::milliseconds(0), wait_at_most)));
  if (control_ready_) {
    SALLYPORT_TRY(const bool more, take_control());
    if (!more) return false;
  }
  if (listener_ready_) accept_new();

  std::vector<Request> batch;
  std::vector<Outgoing> out;
  batch_bytes_ = 0;
  for (const auto id : readable_) read_from(connections_.at(id), batch);
  hold_unfinished_bound();
  if (!batch.empty()) handler_.run_batch(std::move(batch), out);
  if (deferred_ready_) handler_.run_deferred(out);
  if (Clock::now() >= next_tick_) {
    handler_.tick(out);
    next_tick_ = Clock::now() + kTick;
  }
  for (const auto id : writable_) flush(connections_.at(id));
  deliver(out);
  bury_dead();
  return true;
}

Result<> VaultLoop::wait(std::chrono::milliseconds at_most) {
  std::vector<pollfd> entries{{control_.get(), POLLIN, 0}, {handler_.wakeup_fd(), POLLIN, 0}};
  entries.push_back({connections_.size() < kMaxConnections ? listener_.get() : -1, POLLIN, 0});
  const std::size_t fixed = entries.size();
  for (const auto& [id, connection] : connections_) {
    const bool reads = !connection.closing && connection.out.bytes() < kMaxUnread && takes_more(connection);
    const int events = (reads ? POLLIN : 0) | (connection.out.empty() ? 0 : POLLOUT);
    // A peer that is not read now and has gone would wake poll at once, for ever: it is looked at when its reply is
    // due.
    entries.push_back({events == 0 ? -1 : connection.fd.get(), static_cast<short>(events), 0});
  }
  const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(at_most.count()));
  if (ready < 0 && errno != EINTR) return fail_errno("can't wait for peers", errno);
  if (ready < 0) {
    for (auto& entry : entries) entry.revents = 0;
  }

  control_ready_ = entries[0].revents != 0;
  deferred_ready_ = entries[1].revents != 0;
  listener_ready_ = entries[2].revents != 0;
  readable_.clear();
  writable_.clear();
  std::size_t index = fixed;
  for (const auto& [id, connection] : connections_) {
    const pollfd& entry = entries[index++];
    if ((entry.events & POLLIN) != 0 && (entry.revents & kReadBits) != 0) readable_.push_back(id);
    if ((entry.events & POLLOUT) != 0 && (entry.revents & (POLLOUT | POLLHUP | POLLERR)) != 0) writable_.push_back(id);
  }
  return ok();
}

Result<bool> VaultLoop::take_control() {
  for (int count = 0; count < kControlsAtOnce; ++count) {
    SALLYPORT_TRY(const bool waiting, base::wait_for(control_.get(), POLLIN, std::chrono::milliseconds(0)));
    if (!waiting) break;
    auto received = receive_control(control_.get());
    if (!received)
      return received.error().code() == Errc::closed ? Result<bool>(false) : Result<bool>(received.error());
    const Control& message = received.value();
    if (message.type == ControlType::stop) return false;
    if (message.type == ControlType::gone) known_.erase(message.pid);
    if (message.type != ControlType::peer) continue;
    known_[message.pid] = {message.kind, message.uid};
    SALLYPORT_TRYV(send_control(control_.get(), {.type = ControlType::known, .pid = message.pid}));
  }
  return true;
}

std::optional<PeerKind> VaultLoop::kind_of(const base::PeerCredentials& who) const {
  if (const auto found = known_.find(who.pid); found != known_.end())
    return found->second.uid == who.uid ? std::optional(found->second.kind) : std::nullopt;
  if (who.uid == 0 || who.uid == operator_uid_) return PeerKind::operator_;
  return std::nullopt;
}

void VaultLoop::accept_new() {
  for (int count = 0; count < kAcceptsAtOnce && connections_.size() < kMaxConnections; ++count) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      (void)spare_.refuse_one(errno, listener_.get(), {});
      return;
    }
    const auto who = base::peer_credentials(fd.get());
    if (!who) continue;
    const auto kind = kind_of(who.value());
    if (!kind) {
      note_stranger(who.value());
      continue;
    }
    Connection connection;
    connection.peer = {++last_id_, *kind, who.value().pid, who.value().uid, Phase::pre_auth};
    connection.fd = std::move(fd);
    if (one_at_a_time(*kind)) {
      connection.decoder.set_max_payload(kMaxSessionRequest);
      connection.out.set_max_bytes(kMaxSessionQueued);
    }
    connections_.emplace(last_id_, std::move(connection));
  }
}

void VaultLoop::note_stranger(const base::PeerCredentials& who) {
  const auto times = strangers_.refused(who.uid, Clock::now());
  if (!times) return;
  base::log(LogLevel::warning, "vault.stranger_refused",
            {{"pid", std::to_string(who.pid)}, {"uid", std::to_string(who.uid)}, {"times", std::to_string(*times)}});
}

bool VaultLoop::takes_more(const Connection& connection) {
  if (one_at_a_time(connection.peer.kind)) return connection.open == 0;
  return connection.open < kMaxOpen && connection.lists.size() < kMaxOpenLists;
}

void VaultLoop::read_from(Connection& connection, std::vector<Request>& batch) {
  while (!connection.dead && takes_more(connection) && batch_bytes_ < kMaxBatch) {
    const base::MutableByteView space = connection.decoder.space();
    const ssize_t got = ::recv(connection.fd.get(), space.data(), space.size(), MSG_DONTWAIT);
    if (got < 0 && would_block(errno)) return;
    if (got < 0 && errno == ECONNRESET && !connection.deaf) {
      connection.deaf =
          true;  // it went without reading its replies; the kernel says so once, then gives what it had sent
      continue;
    }
    if (got <= 0) {
      connection.dead = true;
      return;
    }
    auto frame = connection.decoder.filled(static_cast<std::size_t>(got));
    if (!frame && frame.error().code() == Errc::unavailable) {  // no memory is nobody's offence
      base::log(LogLevel::error, "vault.no_memory", {{"kind", std::string(to_string(connection.peer.kind))}});
      connection.dead = true;
      return;
    }
    if (!frame) return violation(connection, 0, frame.error().context().c_str());
    if (frame.value()) take_frame(connection, std::move(*frame.value()), batch);
  }
}

void VaultLoop::take_frame(Connection& connection, Frame&& frame, std::vector<Request>& batch) {
  if (frame.type != FrameType::request) return violation(connection, frame.code, "sent what is no request");
  const Operation* operation = find_operation(frame.code);
  if (operation == nullptr || !may_ask(connection.peer, *operation))
    return violation(connection, frame.code, "asked what its kind may not ask now");
  ++connection.open;
  if (has_list(operation->output)) connection.lists.push_back(frame.id);
  batch_bytes_ += frame.payload.size() + most_secret(operation->output);
  batch.push_back({connection.peer, frame.id, operation->id, std::move(frame.payload)});
}

void VaultLoop::violation(Connection& connection, std::uint16_t asked, const char* what) {
  connection.dead = true;
  base::log(LogLevel::error, "peer.violation",
            {{"kind", std::string(to_string(connection.peer.kind))},
             {"phase", std::string(to_string(connection.peer.phase))},
             {"pid", std::to_string(connection.peer.pid)},
             {"operation", std::to_string(asked)},
             {"what", what}});
  handler_.protocol_violation(connection.peer, asked);
}

void VaultLoop::hold_unfinished_bound() {
  for (;;) {
    std::size_t total = 0;
    Connection* longest = nullptr;
    for (auto& [id, connection] : connections_) {
      if (connection.dead) continue;
      total += connection.decoder.buffered();
      if (longest == nullptr || connection.decoder.buffered() > longest->decoder.buffered()) longest = &connection;
    }
    if (total <= kMaxUnfinished) return;
    base::log(LogLevel::warning, "vault.unfinished_bound", {{"kind", std::string(to_string(longest->peer.kind))}});
    longest->dead = true;
  }
}

/// A batch goes to each peer in as few writes as it fits into: a frame at a time would wake the reader for each. Peers
/// are served in the order in which they were first spoken to: who is told of another's request hears it after him.
void VaultLoop::deliver(std::vector<Outgoing>& out) {
  std::vector<std::uint64_t> written;
  for (auto& item : out) {
    const auto found = connections_.find(item.peer_id);
    if (found == connections_.end() || found->second.dead) continue;
    Connection& connection = found->second;
    if (item.frame.type == FrameType::reply) answered(connection, item.frame.id);
    if (connection.deaf) continue;
    if (!connection.out.push(std::move(item.frame))) {
      base::log(LogLevel::warning, "vault.slow_peer_ended", {{"kind", std::string(to_string(connection.peer.kind))}});
      connection.dead = true;
      continue;
    }
    apply(connection, item.then);
    if (std::find(written.begin(), written.end(), item.peer_id) == written.end()) written.push_back(item.peer_id);
    if (connection.out.bytes() >= kFlushAt) flush(connection);
  }
  out.clear();
  for (const auto id : written) flush(connections_.at(id));
}

void VaultLoop::answered(Connection& connection, std::uint64_t request) {
  if (connection.open > 0) --connection.open;
  const auto list = std::find(connection.lists.begin(), connection.lists.end(), request);
  if (list != connection.lists.end()) connection.lists.erase(list);
}

void VaultLoop::apply(Connection& connection, Outgoing::Then then) {
  switch (then) {
    case Outgoing::Then::nothing:
      return;
    case Outgoing::Then::becomes_session:
      SALLYPORT_ENSURE(connection.peer.kind == PeerKind::ssh);
      connection.peer.kind = PeerKind::session;
      return;
    case Outgoing::Then::granted:
      connection.peer.phase = Phase::granted;
      return;
    case Outgoing::Then::close:
      connection.closing = true;
      return;
  }
}

void VaultLoop::flush(Connection& connection) {
  if (connection.dead || connection.deaf) return;
  if (!connection.out.flush(connection.fd.get())) {
    connection.deaf = true;
    connection.out = FrameQueue(0);
  }
  if (connection.closing && connection.out.empty()) connection.dead = true;
}

void VaultLoop::bury_dead() {
  // peer_gone may say something to others, who may turn out to be gone as well.
  for (bool more = true; more;) {
    std::vector<Outgoing> out;
    more = false;
    for (auto entry = connections_.begin(); entry != connections_.end();) {
      if (!entry->second.dead) {
        ++entry;
        continue;
      }
      const auto id = entry->first;
      entry = connections_.erase(entry);
      handler_.peer_gone(id, out);
      more = true;
    }
    deliver(out);
  }
}

}  // namespace sallyport::app
