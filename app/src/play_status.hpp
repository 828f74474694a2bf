#pragma once
// Where on a watcher's terminal the recording has its place and where the status line, and what that line says.
#include <optional>
#include <string>

#include "play_screen.hpp"
#include "sallyport/recorder/player.hpp"

namespace sallyport::app {

struct PlayLayout {
  recorder::FittedRows rows;  ///< for the recording
  std::string warning;        ///< that the terminal is smaller than the recording
};

/// `recorded`: absent where the recording knows no size.
PlayLayout layout_of(TerminalSize terminal, std::optional<recorder::WindowSize> recorded);

struct PlayState {
  std::uint64_t at_ms = 0;
  std::uint64_t duration_ms = 0;
  double speed = 1;
  bool paused = false;
  bool ended = false;
};

/// "0:01:05 / 0:10:00  2x  paused  channel 1, shell", at most `columns` letters.
std::string status_text(const PlayState& state, const std::string& rest, unsigned columns);
/// What draws it in the terminal's last row and leaves cursor, colours and modes as they are.
std::string status_line(const std::string& text, TerminalSize terminal);
std::string no_status_line(TerminalSize terminal);

}  // namespace sallyport::app
