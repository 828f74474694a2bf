#include "read_ahead.hpp"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "libssh.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::broker {
namespace {

// A thread's own: sockets belong to one thread, and nothing here needs a lock.
constinit thread_local std::array<ReadAhead*, ReadAhead::kMost> registered{};

int wait_in_kernel(pollfd* entries, nfds_t count, int timeout) {
  const timespec limit{timeout / 1000, (timeout % 1000) * 1000000L};
  return ::ppoll(entries, count, timeout < 0 ? nullptr : &limit, nullptr);
}

constexpr short kEnds = POLLRDHUP | POLLHUP | POLLERR;

/// As wait_in_kernel(), with the ends of the sockets that keep theirs left out.
int wait_without_ends(pollfd* entries, nfds_t count, int timeout) {
  std::array<pollfd, ReadAhead::kMost> wanted{};
  std::array<nfds_t, ReadAhead::kMost> places{};
  std::size_t kept = 0;
  for (nfds_t i = 0; i < count && kept < wanted.size(); ++i) {
    const ReadAhead* ahead = ReadAhead::of(entries[i].fd);
    if (ahead == nullptr || !ahead->keeps_end()) continue;
    wanted[kept] = entries[i];
    places[kept++] = i;
    ahead->prepare(entries[i]);
  }
  int ready = wait_in_kernel(entries, count, timeout);
  for (std::size_t i = 0; i < kept; ++i) {
    pollfd& entry = entries[places[i]];
    const bool was_ready = ready > 0 && entry.revents != 0;
    ReadAhead::of(wanted[i].fd)->translate(entry, wanted[i]);
    if (was_ready && entry.revents == 0) --ready;
  }
  return ready;
}

/// Marks the entries whose socket has bytes here, and says how many.
int mark_held(pollfd* entries, nfds_t count) {
  int ready = 0;
  for (nfds_t i = 0; i < count; ++i) {
    ReadAhead* ahead = ReadAhead::of(entries[i].fd);
    if (ahead == nullptr) continue;
    ahead->note_poll();
    if (!ahead->holds() || (entries[i].events & POLLIN) == 0) continue;
    if (ready++ == 0) {
      for (nfds_t other = 0; other < count; ++other) entries[other].revents = 0;
    }
    entries[i].revents = POLLIN;
  }
  return ready;
}

}  // namespace

ReadAhead::ReadAhead(int socket) noexcept : socket_(socket) {
  if (works()) enter();
}

ReadAhead::ReadAhead(int socket, Probe) noexcept : socket_(socket) { enter(); }

ReadAhead::~ReadAhead() { std::replace(registered.begin(), registered.end(), this, static_cast<ReadAhead*>(nullptr)); }

void ReadAhead::enter() noexcept {
  for (auto& entry : registered) {
    if (entry != nullptr && entry->socket_ == socket_) entry = nullptr;
  }
  const auto free = std::find(registered.begin(), registered.end(), nullptr);
  if (socket_ >= 0 && free != registered.end()) *free = this;
}

ReadAhead* ReadAhead::of(int socket) noexcept {
  for (auto* entry : registered) {
    if (entry != nullptr && entry->socket_ == socket) return entry;
  }
  return nullptr;
}

void ReadAhead::release_idle() noexcept {
  for (auto* entry : registered) {
    if (entry != nullptr && !entry->holds()) entry->buffer_.reset();
  }
}

/// The kernel tells of an end whether it is asked or not, each time: a socket that has ended is not shown to it.
void ReadAhead::prepare(pollfd& entry) const noexcept {
  if (ended_) entry.fd = -1;
  if ((entry.events & POLLIN) != 0) entry.events |= POLLRDHUP;
}

/// Gives the entry back as it was asked for; an end with bytes before it is only readable.
void ReadAhead::translate(pollfd& entry, const pollfd& wanted) noexcept {
  const short told = entry.revents;
  entry.fd = wanted.fd;
  entry.events = wanted.events;
  if ((told & kEnds) == 0) return;
  std::uint8_t next = 0;
  ended_ = ::recvfrom(socket_, &next, 1, MSG_PEEK | MSG_DONTWAIT, nullptr, nullptr) <= 0;
  entry.revents = ended_ ? short{0} : static_cast<short>((told | POLLIN) & wanted.events);
}

std::ptrdiff_t ReadAhead::receive(void* to, std::size_t size) noexcept {
  received_ = true;
  if (holds()) return static_cast<std::ptrdiff_t>(take(to, size));
  // Keystrokes need no buffer: one is taken when a read was not enough.
  if (more_ && !buffer_) buffer_.reset(new (std::nothrow) std::uint8_t[kCapacity]);
  const auto got = refill(to, size);
  more_ = got > 0 && static_cast<std::size_t>(got) == size;
  return got;
}

std::size_t ReadAhead::take(void* to, std::size_t size) noexcept {
  const auto part = std::min(size, end_ - begin_);
  std::memcpy(to, buffer_.get() + begin_, part);
  begin_ += part;
  if (!holds()) begin_ = end_ = 0;
  return part;
}

/// The caller's place is filled first, the buffer with what is over: what fits is not copied twice.
std::ptrdiff_t ReadAhead::refill(void* to, std::size_t size) noexcept {
  std::array<iovec, 2> places{{{to, size}, {buffer_.get(), buffer_ ? kCapacity : 0}}};
  msghdr message{};
  message.msg_iov = places.data();
  message.msg_iovlen = places.size();
  const auto got = ::recvmsg(socket_, &message, 0);
  if (got <= 0 || static_cast<std::size_t>(got) <= size) return got;
  end_ = static_cast<std::size_t>(got) - size;
  return static_cast<std::ptrdiff_t>(size);
}

bool ReadAhead::works() {
  static const bool bound = probe();
  return bound;
}

/// A client of libssh reads a server's banner: did it ask here?
bool ReadAhead::probe() {
  auto pair = base::socket_pair(false);
  const SessionHandle session(ssh_new());
  if (!pair || !session) return false;
  const int socket = pair.value().first.get();
  ReadAhead seen(socket, Probe{});
  constexpr std::string_view kBanner = "SSH-2.0-probe\r\n";
  const bool no_files = false;
  const bool ready = base::write_all(pair.value().second.get(), base::as_bytes(kBanner)).has_value() &&
                     ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &no_files) == SSH_OK &&
                     ssh_options_set(session.get(), SSH_OPTIONS_HOST, "probe") == SSH_OK &&
                     ssh_options_set(session.get(), SSH_OPTIONS_FD, &socket) == SSH_OK;
  ssh_set_blocking(session.get(), 0);
  if (!ready) return false;
  for (int step = 0; step < 3 && !seen.received_; ++step) (void)ssh_connect(session.get());
  (void)pair.value().first.release();  // libssh closes it
  return seen.polled_ && seen.received_;
}

}  // namespace sallyport::broker

// The labels are the names that libssh asks the dynamic linker for; declared so, since libc's headers may have inline
// functions of these names. The linker exports what a shared library wants.
extern "C" {
ssize_t sallyport_recv(int socket, void* to, size_t size, int flags) __asm__("recv");
int sallyport_poll(pollfd* entries, nfds_t count, int timeout) __asm__("poll");

ssize_t sallyport_recv(int socket, void* to, size_t size, int flags) {
  auto* ahead = sallyport::broker::ReadAhead::of(socket);
  if (ahead == nullptr) return ::recvfrom(socket, to, size, flags, nullptr, nullptr);
  if (flags == 0 || flags == MSG_DONTWAIT) return ahead->receive(to, size);
  errno = EOPNOTSUPP;  // nobody here looks at bytes without taking them
  return -1;
}

int sallyport_poll(pollfd* entries, nfds_t count, int timeout) {
  using sallyport::broker::ReadAhead;
  if (const int ready = sallyport::broker::mark_held(entries, count); ready > 0) return ready;
  const int ready = sallyport::broker::wait_without_ends(entries, count, timeout);
  if (ready == 0 && timeout != 0) ReadAhead::release_idle();
  return ready;
}
}
