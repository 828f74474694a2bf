#pragma once
// One direction of one channel: bytes from a libssh channel, looked at, and written to another once the recording's
// file holds what was to be recorded of them. Bounded: while kAhead bytes wait here none are taken from libssh, and so
// the sender's window closes.
#include <deque>
#include <functional>
#include <optional>

#include "leg.hpp"
#include "sallyport/recorder/recorder.hpp"

namespace sallyport::broker {

class Pipe {
 public:
  /// What libssh may hold for a channel whose bytes nobody takes: its window and one packet with 0.10 (1.28 MB), its
  /// window with 0.11 (2 MB). A peer that makes it more does not keep to its window.
  static constexpr std::size_t kMaxHeld = 2U << 20U;
  /// What waits here while more is taken, so that bytes come in while others are on their way into the file.
  static constexpr std::size_t kAhead = 512U << 10U;
  /// What is looked at, and passes, together at most.
  static constexpr std::size_t kSlice = 128U << 10U;
  /// Looks at bytes before they may go on, leaves what may (nothing, if none may), and says at which extent of the
  /// recording's file they do: kAtOnce where nothing of them is in it. Nothing: not now, ask again.
  using Inspect = std::function<std::optional<recorder::Extent>(base::Bytes&)>;
  static constexpr recorder::Extent kAtOnce = 0;
  using InFile = std::function<recorder::Extent()>;

  Pipe(bool is_stderr, Inspect inspect, InFile in_file)
      : is_stderr_(is_stderr), inspect_(std::move(inspect)), in_file_(std::move(in_file)) {}

  /// In libssh's data callback: takes all or nothing. Never writes.
  std::size_t offer(base::ByteView bytes);
  /// Outside callbacks: takes what libssh holds, shows it, writes what the file holds and what there is room for. True
  /// if anything moved.
  bool pump(ssh_channel from, ssh_channel to, Leg& to_leg);
  /// Nothing waits here or in libssh. (Never by ssh_channel_poll(), which turns the loop when there is nothing.)
  bool drained() const noexcept { return sent() && held_ == 0; }
  /// Nothing waits here.
  bool sent() const noexcept { return pieces_.empty(); }
  /// Bytes of our own, when nothing waits here; they are not inspected, and pass from `extent` on.
  void add(base::Bytes bytes, recorder::Extent extent);
  void set_open(bool open) noexcept { open_ = open; }
  /// Bytes that wait go nowhere.
  void discard() noexcept;
  /// The file takes nothing more: what it does not hold goes nowhere.
  void discard_unwritten();
  bool overrun() const noexcept { return overrun_; }

 private:
  /// At most kSlice bytes that are looked at, and pass, together.
  struct Piece {
    base::Bytes bytes;
    std::optional<recorder::Extent> extent{};  ///< once they were looked at
    std::size_t sent = 0;
  };

  bool takes() const noexcept;
  void take(base::ByteView bytes);
  bool pull(ssh_channel from);
  void look();
  bool push(ssh_channel to, Leg& to_leg);
  bool push_front(ssh_channel to, Leg& to_leg);
  void drop(std::size_t index) noexcept;

  bool is_stderr_;
  Inspect inspect_;
  InFile in_file_;
  std::deque<Piece> pieces_;  ///< those that were looked at come first
  std::size_t seen_ = 0;      ///< pieces that were looked at
  std::size_t waiting_ = 0;   ///< bytes that are not sent
  base::Bytes spare_;         ///< so that a busy pipe does not allocate all the time
  std::size_t held_ = 0;      ///< bytes that libssh keeps for us
  bool pulling_ = false;
  bool open_ = false;  ///< whether new bytes are taken
  bool overrun_ = false;
};

}  // namespace sallyport::broker
