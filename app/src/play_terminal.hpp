#pragma once
// Plays a recording on this terminal, with keys: space pauses, arrows seek 10 s and change the speed, q ends.
#include "sallyport/recorder/player.hpp"

namespace sallyport::app {

struct PlayTerminal {
  double speed = 1.0;
  bool instant = false;  ///< no waiting: for pipes and tests
};

/// Until the end, or until the person ends it. Without a terminal there are no keys and no status line.
base::Result<> play_on_terminal(recorder::Player& player, const PlayTerminal& how);

}  // namespace sallyport::app
