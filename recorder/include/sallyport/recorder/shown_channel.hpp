#pragma once
// Which of a session's channels a screen shows, and what it shows of it. For playback and casts.
#include <optional>
#include <utility>
#include <vector>

#include "sallyport/recorder/record.hpp"

namespace sallyport::recorder {

using WindowSize = std::pair<std::uint32_t, std::uint32_t>;  ///< columns, rows

struct Shown {
  base::ByteView bytes;            ///< into the record
  std::optional<WindowSize> size;  ///< a new one, before the bytes
};

class ShownChannel {
 public:
  /// Absent: the first channel that prints something.
  explicit ShownChannel(std::optional<ChannelNumber> channel) : channel_(channel) {}
  /// What this record shows; nothing for most.
  std::optional<Shown> take(const Record& record);
  /// The next size is told even if it is the one before: after a jump.
  void forget_size() noexcept { size_.reset(); }
  bool is(ChannelNumber channel) const noexcept { return channel_ == channel; }

 private:
  std::optional<Shown> on_output(const OutputRecord& output);
  std::optional<Shown> on_resize(const ResizeRecord& resize);

  std::optional<ChannelNumber> channel_;
  std::optional<WindowSize> size_;                           ///< told last
  std::vector<std::pair<ChannelNumber, WindowSize>> early_;  ///< sizes seen while no channel is chosen; bounded
};

}  // namespace sallyport::recorder
