#pragma once
// Which of a session's channels a screen shows, and what it shows of them. For playback and casts.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/recorder/record.hpp"

namespace sallyport::recorder {

using WindowSize = std::pair<std::uint32_t, std::uint32_t>;  ///< columns, rows
/// What a terminal of unknown size is taken for.
inline constexpr WindowSize kUsualSize{80, 24};

struct Shown {
  ChannelNumber channel = 0;
  base::ByteView bytes;            ///< into the record
  std::optional<WindowSize> size;  ///< a new one, before the bytes
  bool terminal = false;           ///< the channel has one, which has made CR LF of line ends
  std::string heading;             ///< "channel 2, exec: uname -a", when all are shown and it was another's turn before
};

class ShownChannel {
 public:
  /// Absent: the first channel that prints something. `all`: each in its turn.
  explicit ShownChannel(std::optional<ChannelNumber> channel, bool all = false) : channel_(channel), all_(all) {}
  /// What this record shows; nothing for most.
  std::optional<Shown> take(const Record& record);
  /// The next size and the next turn are told even if they are the ones before: after a jump.
  void jumped() noexcept {
    told_.reset();
    last_.reset();
  }
  /// One of those that are shown.
  bool is(ChannelNumber channel) const noexcept { return all_ || channel_ == channel; }

 private:
  struct Known {
    ChannelNumber number = 0;
    ChannelKind kind = ChannelKind::other;
    std::optional<WindowSize> size;
    std::string text;
  };
  std::optional<Shown> on_output(const OutputRecord& output);
  std::optional<Shown> on_resize(const ResizeRecord& resize);
  Known& known(ChannelNumber number);
  void tell_size(const Known& channel, Shown& shown);

  std::optional<ChannelNumber> channel_;
  bool all_;
  std::optional<ChannelNumber> last_;  ///< whose turn it was
  std::optional<WindowSize> told_;
  std::vector<Known> known_;  ///< channels that are open; bounded
};

}  // namespace sallyport::recorder
