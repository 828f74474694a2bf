#pragma once
// The channels that are open now, and what was counted on them.
#include <vector>

#include "sallyport/recorder/record.hpp"

namespace sallyport::recorder {

struct OpenChannel {
  ChannelNumber number;
  ChannelKind kind;
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;
  std::uint64_t to_target = 0;
  std::uint64_t to_client = 0;
  bool counted = false;  ///< counts have changed since they were last recorded
};

class ChannelTable {
 public:
  /// Null when it is not open. Good until the next open() or close().
  OpenChannel* find(ChannelNumber number) noexcept;
  void open(ChannelNumber number, ChannelKind kind) { channels_.push_back({number, kind}); }
  void close(ChannelNumber number) noexcept;
  std::vector<OpenChannel>& all() noexcept { return channels_; }
  std::size_t size() const noexcept { return channels_.size(); }

  void count(ChannelNumber number, Direction direction, std::uint64_t bytes) noexcept;
  std::uint64_t to_target() const noexcept { return to_target_; }
  std::uint64_t to_client() const noexcept { return to_client_; }
  /// Some channel's counts wait to be recorded.
  bool counted() const noexcept;

 private:
  std::vector<OpenChannel> channels_;
  std::uint64_t to_target_ = 0;  ///< of the whole session
  std::uint64_t to_client_ = 0;
};

}  // namespace sallyport::recorder
