#include "sallyport/recorder/shown_channel.hpp"

#include <algorithm>

#include "sallyport/recorder/recorder.hpp"

namespace sallyport::recorder {
namespace {

/// Beyond this a window size is nonsense, and would be memory in whatever shows it.
constexpr std::uint32_t kMaxSide = 2000;

}  // namespace

std::optional<Shown> ShownChannel::take(const Record& record) {
  if (const auto* output = std::get_if<OutputRecord>(&record.body)) return on_output(*output);
  if (const auto* resize = std::get_if<ResizeRecord>(&record.body)) return on_resize(*resize);
  return std::nullopt;
}

std::optional<Shown> ShownChannel::on_output(const OutputRecord& output) {
  if (output.bytes.empty()) return std::nullopt;
  if (channel_) return *channel_ == output.channel ? std::optional(Shown{output.bytes, std::nullopt}) : std::nullopt;
  channel_ = output.channel;
  const auto early =
      std::find_if(early_.rbegin(), early_.rend(), [&](const auto& entry) { return entry.first == output.channel; });
  Shown shown{output.bytes, std::nullopt};
  if (early != early_.rend()) shown.size = size_ = early->second;
  return shown;
}

std::optional<Shown> ShownChannel::on_resize(const ResizeRecord& resize) {
  const WindowSize size{std::clamp<std::uint32_t>(resize.columns, 1, kMaxSide),
                        std::clamp<std::uint32_t>(resize.rows, 1, kMaxSide)};
  if (channel_) {
    // A segment begins by repeating the size.
    if (*channel_ != resize.channel || size_ == size) return std::nullopt;
    size_ = size;
    return Shown{{}, size};
  }
  std::erase_if(early_, [&](const auto& entry) { return entry.first == resize.channel; });
  if (early_.size() < kMaxOpenChannels) early_.emplace_back(resize.channel, size);
  return std::nullopt;
}

}  // namespace sallyport::recorder
