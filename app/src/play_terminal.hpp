#pragma once
// Plays a recording on this terminal, with keys: space pauses, arrows seek 10 s and change the speed, q ends. The last
// row is for the time and the state; on an equally small terminal a full-screen program has that row for itself.
#include <string>

#include "sallyport/recorder/player.hpp"

namespace sallyport::app {

struct PlayTerminal {
  double speed = 1.0;
  bool instant = false;           ///< no waiting: for pipes and tests
  std::uint64_t duration_ms = 0;  ///< of the recording
  std::string label;              ///< "channel 1 of 3, shell"
};

struct Played {
  bool interrupted = false;  ///< by ctrl-C
  std::string warning;       ///< the terminal was too small; else empty
};

/// Until the end, or until the person ends it. Without a terminal there are no keys and no status line.
base::Result<Played> play_on_terminal(recorder::Player& player, const PlayTerminal& how);

}  // namespace sallyport::app
