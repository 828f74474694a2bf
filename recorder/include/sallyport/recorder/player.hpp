#pragma once
// Plays a recording back: says what to show and how long to wait before it. Does not sleep and does not print.
#include <optional>
#include <string>

#include "sallyport/recorder/reader.hpp"
#include "sallyport/recorder/terminal_filter.hpp"

namespace sallyport::recorder {

struct PlayOptions {
  double speed = 1.0;                                 ///< 0.01 to 1000
  std::optional<base::Milliseconds> max_idle;         ///< pauses longer than this are cut to it (before speed)
  std::optional<ChannelNumber> channel;               ///< absent: the first channel that printed something
  bool filter = true;                                 ///< off only for tools: the recording is hostile input
};

struct PlayEvent {
  base::Milliseconds wait{0};    ///< before showing it; idle skip and speed are in it
  std::uint64_t time_ms = 0;     ///< in the recording
  std::string data;              ///< valid UTF-8 when filtered; empty for a resize alone
  std::optional<std::pair<std::uint32_t, std::uint32_t>> size;  ///< columns, rows: the window changed
  bool idle_skipped = false;     ///< some of the pause before was cut
};

/// A value; movable; not thread-safe.
class Player {
 public:
  /// Errc::invalid for a speed outside its range.
  static base::Result<Player> create(Reader reader, PlayOptions options);
  /// Nothing at the end. An Error of the Reader passes through.
  base::Result<std::optional<PlayEvent>> next();
  /// To that time: the next event clears the screen and holds all output of the time's segment up to then, without a
  /// wait. Beyond the end means the end.
  base::Result<> seek(base::Milliseconds time);
  void set_speed(double speed) noexcept;  ///< clamped into its range
  std::uint64_t position_ms() const noexcept { return position_ms_; }
  const Reader& reader() const noexcept { return reader_; }

 private:
  Player(Reader reader, PlayOptions options) : reader_(std::move(reader)), options_(options) {}
  bool is_shown(ChannelNumber channel);
  base::Result<std::optional<PlayEvent>> next_recorded();
  base::Result<bool> skip_to_target(PlayEvent& event);
  void show(const Record& record, PlayEvent& event);
  void pace(PlayEvent& event);

  Reader reader_;
  PlayOptions options_;
  TerminalFilter filter_;
  std::uint64_t position_ms_ = 0;
  std::optional<std::uint64_t> seek_target_;
  std::optional<PlayEvent> held_;  ///< read past the target of a seek, not shown yet
};

}  // namespace sallyport::recorder
