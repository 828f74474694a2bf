#include "play_status.hpp"

#include "support/catch.hpp"

namespace sallyport::app {

using recorder::WindowSize;

TEST_CASE("the status has the last row, a recording that fits has its own rows") {
  const auto larger = layout_of({100, 40}, WindowSize{80, 24});
  CHECK(larger.rows.main == 24);
  CHECK(larger.rows.alternate == 24);
  CHECK(larger.warning.empty());
  const auto unknown = layout_of({100, 40}, std::nullopt);
  CHECK(unknown.rows.main == 39);
}

TEST_CASE("in an equally small terminal a full-screen program keeps every row") {
  const auto same = layout_of({80, 24}, WindowSize{80, 24});
  CHECK(same.rows.main == 23);
  CHECK(same.rows.alternate == 0);
  CHECK(same.warning.empty());
}

TEST_CASE("a terminal that is smaller than the recording is warned of") {
  CHECK(layout_of({80, 24}, WindowSize{120, 24}).warning == "this terminal is 80x24, the recording 120x24");
  CHECK(layout_of({80, 24}, WindowSize{80, 50}).warning == "this terminal is 80x24, the recording 80x50");
}

TEST_CASE("the status says time, length, speed and state within the terminal's columns") {
  PlayState state{65000, 600000, 2, true, false};
  CHECK(status_text(state, "channel 1, shell", 80) == " 0:01:05 / 0:10:00  2x  paused  channel 1, shell");
  CHECK(status_text(state, "\u00e4\u00e4\u00e4", 36) == " 0:01:05 / 0:10:00  2x  paused  \u00e4\u00e4\u00e4");
  CHECK(status_text(state, "\u00e4\u00e4\u00e4", 33) == " 0:01:05 / 0:10:00  2x  paused  \u00e4");
  CHECK(status_text({0, 0, 1, false, false}, {}, 80) == " 0:00:00 / 0:00:00");
}

}  // namespace sallyport::app
