#pragma once
// What channels a recording has, and what happened on each, gathered from its records.
#include <optional>
#include <string>
#include <vector>

#include "sallyport/recorder/shown_channel.hpp"

namespace sallyport::recorder {

struct ChannelSummary {
  ChannelNumber number = 0;
  ChannelKind kind = ChannelKind::other;
  std::string text;                ///< of its exec or subsystem request; any bytes, the first 256
  std::optional<WindowSize> size;  ///< of its terminal, the first; absent: it has none
  std::uint64_t opened_ms = 0;
  std::optional<std::uint64_t> closed_ms;
  std::optional<std::uint32_t> exit_status;
  std::uint64_t printed = 0;    ///< bytes that are in the recording
  std::uint64_t to_client = 0;  ///< bytes that passed, as far as they were counted
  std::uint64_t to_target = 0;
  std::uint64_t files = 0;
};

/// A value. Bounded: of a recording with more channels than kMax the first are kept, and more() says so.
class ChannelList {
 public:
  static constexpr std::size_t kMax = 4096;

  void take(const Record& record);
  const std::vector<ChannelSummary>& channels() const noexcept { return channels_; }
  std::uint64_t more() const noexcept { return more_; }  ///< that are not in channels()
  const ChannelSummary* find(ChannelNumber number) const noexcept;
  /// Those that printed something.
  std::size_t printing() const noexcept;

 private:
  ChannelSummary* open(ChannelNumber number);
  void on_opened(const OpenedRecord& opened, std::uint64_t time_ms);

  std::vector<ChannelSummary> channels_;
  std::uint64_t more_ = 0;
};

}  // namespace sallyport::recorder
