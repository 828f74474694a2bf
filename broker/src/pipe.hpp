#pragma once
// One direction of one channel: bytes from a libssh channel, looked at, then written to another. Bounded: while bytes
// wait here none are taken from libssh, and so the sender's window closes.
#include <functional>

#include "leg.hpp"

namespace sallyport::broker {

class Pipe {
 public:
  /// What libssh may hold for a channel whose bytes nobody takes: its window and one packet with 0.10 (1.28 MB), its
  /// window with 0.11 (2 MB). A peer that makes it more does not keep to its window.
  static constexpr std::size_t kMaxHeld = 2U << 20U;
  /// Looks at bytes before they may go on, and leaves what may; false: not now, ask again.
  using Inspect = std::function<bool(base::Bytes&)>;

  Pipe(bool is_stderr, Inspect inspect) : is_stderr_(is_stderr), inspect_(std::move(inspect)) {}

  /// In libssh's data callback: takes all or nothing. Never writes.
  std::size_t offer(base::ByteView bytes);
  /// Outside callbacks: takes what libssh holds, shows it, writes what there is room for. True if anything moved.
  bool pump(ssh_channel from, ssh_channel to, Leg& to_leg);
  /// Nothing waits here or in libssh. (Never by ssh_channel_poll(), which turns the loop when there is nothing.)
  bool drained() const noexcept { return sent() && held_ == 0; }
  /// Nothing waits here.
  bool sent() const noexcept { return queue_.empty(); }
  /// Bytes of our own, when nothing waits here; they are not inspected.
  void add(base::Bytes bytes);
  void set_open(bool open) noexcept { open_ = open; }
  /// Bytes that wait go nowhere.
  void discard() noexcept;
  bool overrun() const noexcept { return overrun_; }

 private:
  bool pull(ssh_channel from);
  bool push(ssh_channel to, Leg& to_leg);

  bool is_stderr_;
  Inspect inspect_;
  base::Bytes queue_;
  std::size_t sent_ = 0;
  std::size_t held_ = 0;  ///< bytes that libssh keeps for us
  bool pulling_ = false;
  bool seen_ = false;  ///< inspected
  bool open_ = false;  ///< whether new bytes are taken
  bool overrun_ = false;
};

}  // namespace sallyport::broker
