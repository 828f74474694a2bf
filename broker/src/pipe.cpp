#include "pipe.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::broker {
namespace {

constexpr std::size_t kKeptCapacity = 64U << 10U;

}  // namespace

bool Pipe::takes() const noexcept { return open_ && !pulling_ && seen_ == pieces_.size() && waiting_ < kAhead; }

void Pipe::take(base::ByteView bytes) {
  waiting_ += bytes.size();
  while (!bytes.empty()) {
    const auto slice = bytes.first(std::min(bytes.size(), kSlice));
    auto own = std::exchange(spare_, {});
    own.assign(slice.begin(), slice.end());
    pieces_.push_back({std::move(own)});
    bytes = bytes.subspan(slice.size());
  }
}

void Pipe::add(base::Bytes bytes, recorder::Extent extent) {
  SALLYPORT_ENSURE(pieces_.empty());
  if (bytes.empty()) return;
  waiting_ = bytes.size();
  pieces_.push_back({std::move(bytes), extent});
  seen_ = 1;
}

std::size_t Pipe::offer(base::ByteView bytes) {
  if (bytes.size() > kMaxHeld) overrun_ = true;
  // libssh shows all that it holds, each time.
  held_ = bytes.size();
  if (!takes()) return 0;
  take(bytes);
  held_ = 0;
  return bytes.size();
}

bool Pipe::pump(ssh_channel from, ssh_channel to, Leg& to_leg) {
  const bool moved = held_ > 0 && takes() && pull(from);
  const bool full = !takes();
  look();
  // What was looked at may come to nothing (half a packet of SFTP): then there is room for what is held, and no event
  // tells of that.
  const bool made_room = full && held_ > 0 && takes();
  return push(to, to_leg) || moved || made_room;
}

/// All of it in one read: small reads make libssh 0.10 open the window again and again. The read may turn the loop, and
/// so call offer().
bool Pipe::pull(ssh_channel from) {
  pulling_ = true;
  base::Bytes bytes(held_);
  const int got =
      ssh_channel_read_timeout(from, bytes.data(), static_cast<std::uint32_t>(bytes.size()), is_stderr_ ? 1 : 0, 0);
  pulling_ = false;
  bytes.resize(static_cast<std::size_t>(std::max(got, 0)));
  if (got < 0) return false;  // the session is dead, and what libssh held is lost: this never counts as drained
  held_ = got > 0 ? held_ - bytes.size() : 0;
  take(bytes);
  return got > 0;
}

/// In slices, so that the first of much are in the file while the last are still looked at.
void Pipe::look() {
  while (seen_ < pieces_.size()) {
    auto& piece = pieces_[seen_];
    const auto before = piece.bytes.size();
    piece.extent = inspect_(piece.bytes);
    if (!piece.extent) return;
    waiting_ -= before - piece.bytes.size();
    if (piece.bytes.empty())
      drop(seen_);
    else
      ++seen_;
  }
}

bool Pipe::push(ssh_channel to, Leg& to_leg) {
  if (seen_ == 0) return false;
  const auto in_file = in_file_();
  bool moved = false;
  while (seen_ > 0 && *pieces_.front().extent <= in_file && push_front(to, to_leg)) moved = true;
  return moved;
}

/// A write may turn the loop, and so call offer(): the first piece stays where it is.
bool Pipe::push_front(ssh_channel to, Leg& to_leg) {
  Piece& piece = pieces_.front();
  const std::size_t size =
      std::min({piece.bytes.size() - piece.sent, to_leg.room(), std::size_t{ssh_channel_window_size(to)}});
  if (size == 0) return false;
  const auto* bytes = piece.bytes.data() + piece.sent;
  const int done = is_stderr_ ? ssh_channel_write_stderr(to, bytes, static_cast<std::uint32_t>(size))
                              : ssh_channel_write(to, bytes, static_cast<std::uint32_t>(size));
  if (done <= 0) return false;
  to_leg.wrote(static_cast<std::size_t>(done));
  waiting_ -= static_cast<std::size_t>(done);
  piece.sent += static_cast<std::size_t>(done);
  if (piece.sent < piece.bytes.size()) return true;
  --seen_;
  drop(0);
  return true;
}

void Pipe::drop(std::size_t index) noexcept {
  base::Bytes bytes = std::move(pieces_[index].bytes);
  pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(index));
  bytes.clear();
  // An idle session should be small.
  if (bytes.capacity() <= kKeptCapacity) spare_ = std::move(bytes);
}

void Pipe::discard() noexcept {
  pieces_.clear();
  seen_ = waiting_ = 0;
}

void Pipe::discard_unwritten() {
  const auto in_file = in_file_();
  while (!pieces_.empty() && (!pieces_.back().extent || *pieces_.back().extent > in_file)) {
    waiting_ -= pieces_.back().bytes.size() - pieces_.back().sent;
    pieces_.pop_back();
  }
  seen_ = pieces_.size();
}

}  // namespace sallyport::broker
