#include "pipe.hpp"

#include <algorithm>

namespace sallyport::broker {
namespace {

constexpr std::size_t kKeptCapacity = 64U << 10U;

}  // namespace

std::size_t Pipe::offer(base::ByteView bytes) {
  if (bytes.size() > kMaxHeld) overrun_ = true;
  // libssh shows all that it holds, each time.
  held_ = bytes.size();
  if (!open_ || pulling_ || !queue_.empty()) return 0;
  queue_.assign(bytes.begin(), bytes.end());
  held_ = 0;
  return bytes.size();
}

bool Pipe::pump(ssh_channel from, ssh_channel to, Leg& to_leg) {
  bool moved = false;
  if (queue_.empty() && open_ && held_ > 0) moved = pull(from);
  if (!queue_.empty() && !seen_) seen_ = inspect_(queue_);
  if (queue_.empty()) discard();  // nothing of it may go on
  return (seen_ && push(to, to_leg)) || moved;
}

/// All of it in one read: small reads make libssh 0.10 open the window again and again. The read may turn the loop, and
/// so call offer().
bool Pipe::pull(ssh_channel from) {
  pulling_ = true;
  queue_.resize(held_);
  const int got =
      ssh_channel_read_timeout(from, queue_.data(), static_cast<std::uint32_t>(queue_.size()), is_stderr_ ? 1 : 0, 0);
  pulling_ = false;
  queue_.resize(static_cast<std::size_t>(std::max(got, 0)));
  if (got < 0) return false;  // the session is dead, and what libssh held is lost: this never counts as drained
  held_ = got > 0 ? held_ - queue_.size() : 0;
  return got > 0;
}

bool Pipe::push(ssh_channel to, Leg& to_leg) {
  const std::size_t size = std::min({queue_.size() - sent_, to_leg.room(), std::size_t{ssh_channel_window_size(to)}});
  if (size == 0) return false;
  const auto piece = static_cast<std::uint32_t>(size);
  const int done = is_stderr_ ? ssh_channel_write_stderr(to, queue_.data() + sent_, piece)
                              : ssh_channel_write(to, queue_.data() + sent_, piece);
  if (done <= 0) return false;
  to_leg.wrote(static_cast<std::size_t>(done));
  sent_ += static_cast<std::size_t>(done);
  if (sent_ == queue_.size()) discard();
  return true;
}

void Pipe::add(base::Bytes bytes) {
  SALLYPORT_ENSURE(queue_.empty());
  queue_ = std::move(bytes);
  seen_ = true;
}

void Pipe::discard() noexcept {
  // An idle session should be small; a busy one should not allocate all the time.
  if (queue_.capacity() > kKeptCapacity) queue_ = base::Bytes();
  queue_.clear();
  seen_ = false;
  sent_ = 0;
}

}  // namespace sallyport::broker
