#pragma once
// libssh polls, reads 4 KiB, and polls again: some 270 calls of each for a MiB, which is a fifth of what a relay costs.
// `poll` and `recv` are therefore defined in this program, where the shared libssh finds them before libc's: what a
// socket has ready is taken by one call into a buffer, and libssh gets its 4 KiB from there.
//
// Only sockets that this thread has registered are affected. For every other one, and on every other thread, both
// functions are the kernel's call and nothing else. No call is made that a session's sandbox does not know.
#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sallyport::broker {

/// A registration of one connected socket, by the thread that made it and for as long as this lives. Bytes come in
/// order; the end of the stream and its errors come after them, as the kernel told them.
class ReadAhead {
 public:
  /// Read from the kernel and not yet taken; a sender is held up by its SSH window long before this matters.
  static constexpr std::size_t kCapacity = 64U << 10U;

  /// Takes the place of an earlier registration of the same number: a number is one open socket, so that one is closed.
  /// Does nothing when this thread has kMost already, or where works() is false.
  explicit ReadAhead(int socket) noexcept;
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// Bytes wait here: poll() will say so at once.
  bool holds() const noexcept { return begin_ != end_; }
  /// From now on the end of the stream, or its error, is kept from libssh and only told by ended(): libssh would meet
  /// it in the middle of a write to the other session of its event loop, and declare that one dead. What the socket
  /// held before its end is still read. Does nothing where works() is false: there libssh meets the end itself.
  void keep_end() noexcept { keeps_end_ = true; }
  bool keeps_end() const noexcept { return keeps_end_; }
  bool ended() const noexcept { return ended_; }
  /// Memory that is held now: none while little comes, and none once a poll() has waited in vain.
  std::size_t allocated() const noexcept { return buffer_ ? kCapacity : 0; }

  /// Whether libssh's calls arrive here. A symbol that is not bound fails in silence, so a libssh session over a
  /// socket pair is made to read once; asked the first time only. Not thread-safe before that.
  static bool works();

  static constexpr std::size_t kMost = 4;  ///< registrations of one thread; a session has two

  // What the two functions do; for them alone.
  static ReadAhead* of(int socket) noexcept;
  static void release_idle() noexcept;
  std::ptrdiff_t receive(void* to, std::size_t size) noexcept;
  void note_poll() noexcept { polled_ = true; }
  void prepare(pollfd& entry) const noexcept;
  void translate(pollfd& entry, const pollfd& wanted) noexcept;

 private:
  struct Probe {};
  ReadAhead(int socket, Probe) noexcept;
  static bool probe();
  void enter() noexcept;
  std::size_t take(void* to, std::size_t size) noexcept;
  std::ptrdiff_t refill(void* to, std::size_t size) noexcept;

  int socket_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool more_ = false;  ///< the last read got all that was asked for: there is likely more
  bool polled_ = false;
  bool received_ = false;
  bool keeps_end_ = false;
  bool ended_ = false;
};

}  // namespace sallyport::broker
