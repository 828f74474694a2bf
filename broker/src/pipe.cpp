#include "pipe.hpp"

#include <algorithm>

namespace sallyport::broker {

std::size_t Pipe::offer(base::ByteView bytes) {
  if (bytes.size() > kMaxHeld) overrun_ = true;
  if (!open_ || !queue_.empty()) return 0;
  queue_.assign(bytes.begin(), bytes.end());
  return bytes.size();
}

bool Pipe::pump(ssh_channel from, ssh_channel to, Leg& to_leg) {
  bool moved = false;
  if (queue_.empty() && open_) moved = pull(from);
  if (!queue_.empty() && !seen_) seen_ = inspect_(queue_);
  return (seen_ && push(to, to_leg)) || moved;
}

/// All of it in one read: small reads make libssh 0.10 open the window again and again.
bool Pipe::pull(ssh_channel from) {
  const int held = ssh_channel_poll(from, is_stderr_ ? 1 : 0);
  if (held <= 0) return false;
  queue_.resize(static_cast<std::size_t>(held));
  const int got = ssh_channel_read_nonblocking(from, queue_.data(), static_cast<std::uint32_t>(held), is_stderr_ ? 1 : 0);
  queue_.resize(static_cast<std::size_t>(std::max(got, 0)));
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

bool Pipe::drained(ssh_channel from) const {
  return queue_.empty() && ssh_channel_poll(from, is_stderr_ ? 1 : 0) <= 0;
}

}  // namespace sallyport::broker
