#include "channel_table.hpp"

#include <algorithm>

namespace sallyport::recorder {

OpenChannel* ChannelTable::find(ChannelNumber number) noexcept {
  const auto it =
      std::find_if(channels_.begin(), channels_.end(), [number](const auto& c) { return c.number == number; });
  return it == channels_.end() ? nullptr : &*it;
}

void ChannelTable::close(ChannelNumber number) noexcept {
  std::erase_if(channels_, [number](const auto& c) { return c.number == number; });
}

void ChannelTable::count(ChannelNumber number, Direction direction, std::uint64_t bytes) noexcept {
  (direction == Direction::to_target ? to_target_ : to_client_) += bytes;
  if (OpenChannel* channel = find(number)) {
    (direction == Direction::to_target ? channel->to_target : channel->to_client) += bytes;
    channel->counted = true;
  }
}

bool ChannelTable::counted() const noexcept {
  return std::any_of(channels_.begin(), channels_.end(), [](const auto& c) { return c.counted; });
}

}  // namespace sallyport::recorder
