#pragma once
// Plays a recording back: says what to show and how long to wait before it. Does not sleep and does not print.
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/recorder/reader.hpp"
#include "sallyport/recorder/screen_text.hpp"

namespace sallyport::recorder {

/// What ends whatever a recording did to a terminal, wherever it stops: a half sequence, margins, modes, attributes,
/// character sets. The screen that is shown stays; the cursor too.
inline constexpr std::string_view kTerminalUsual =
    "\x18\x1b"
    "7\x1b[?69l\x1b[?5l\x1b[?6l\x1b[?45l\x1b[r\x1b"
    "8\x1b[4l\x1b[?6l\x1b[?7h\x1b[?25h\x1b[0m\x1b(B\x1b)B\x0f\x1b[0 q";

struct PlayOptions {
  double speed = 1.0;                          ///< kMinSpeed to kMaxSpeed
  std::optional<base::Milliseconds> max_idle;  ///< pauses longer than this are cut to it (before speed)
  std::optional<ChannelNumber> channel;        ///< absent: the first channel that printed something
  bool filter = true;                          ///< off only for tools: the recording is hostile input
  bool all_channels = false;                   ///< each in its turn
  bool line_ends = true;                       ///< as in ScreenOptions
};
inline constexpr double kMinSpeed = 0.01;
inline constexpr double kMaxSpeed = 1000;

struct PlayEvent {
  base::Milliseconds wait{0};      ///< before showing it; idle skip and speed are in it
  std::uint64_t time_ms = 0;       ///< in the recording
  std::string data;                ///< valid UTF-8 when filtered; may be empty for a resize
  std::optional<WindowSize> size;  ///< the window changed, before the data
  bool idle_skipped = false;       ///< some of the pause before was cut
};

/// A value; movable; not thread-safe.
class Player {
 public:
  /// Errc::invalid for a speed outside its range or a negative idle limit.
  static base::Result<Player> create(Reader reader, PlayOptions options);
  /// Nothing at the end. An Error of the Reader passes through.
  base::Result<std::optional<PlayEvent>> next();
  /// To that time: the next event clears the screen and holds all output of the time's segment up to then, without a
  /// wait (in pieces when it is more than 8 MiB). Beyond the end means the end.
  base::Result<> seek(base::Milliseconds time);
  void set_speed(double speed) noexcept;  ///< clamped into its range
  std::uint64_t position_ms() const noexcept { return position_ms_; }
  const ScreenText& screen() const noexcept { return screen_; }
  /// See ScreenText::watch_on().
  void watch_on(unsigned rows) { screen_.watch_on(rows); }
  const Header& header() const noexcept { return reader_.header(); }

 private:
  Player(Reader reader, PlayOptions options)
      : reader_(std::move(reader)),
        options_(options),
        screen_({options.channel, options.all_channels, options.filter, options.line_ends}) {}
  base::Result<std::optional<PlayEvent>> next_recorded();
  base::Result<std::optional<PlayEvent>> next_sought();
  void pace(PlayEvent& event);

  Reader reader_;
  PlayOptions options_;
  ScreenText screen_;
  std::uint64_t position_ms_ = 0;
  std::optional<std::uint64_t> target_;  ///< of a seek that next() has still to reach
  bool cleared_ = false;                 ///< the screen was cleared for this seek
  std::optional<PlayEvent> held_;        ///< read, but later than the target
};

}  // namespace sallyport::recorder
