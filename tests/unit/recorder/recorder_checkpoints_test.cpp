// When a recording is synced, and when it asks for a checkpoint.
#include "sallyport/recorder/recorder.hpp"

#include "recording.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

TEST_CASE("syncs come once a second, and none while nothing is written") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  const auto before = rig.output.syncs;
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 10; ++j) {
      rig.print("line\r\n");
      rig.wait(100);
    }
  }
  CHECK(rig.output.syncs - before <= 10);
  CHECK(rig.output.syncs - before >= 9);
  rig.wait(31000);
  rig.wait(1000);
  const auto resting = rig.output.syncs;
  CHECK_FALSE(rig.recorder.deadline());
  rig.wait(60000);
  CHECK(rig.output.syncs == resting);
}

TEST_CASE("checkpoints come every 10 seconds of activity, over what is on the disk, and not in silence") {
  Rig rig;
  const auto key = base::SigningKey::generate();
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  int signed_count = 0;
  for (int i = 0; i < 60; ++i) {
    rig.print("tick\r\n");
    rig.wait(1000);
    if (rig.sign(key)) ++signed_count;
  }
  CHECK(signed_count >= 4);
  CHECK(signed_count <= 6);
  rig.wait(20000);
  rig.sign(key);
  for (int i = 0; i < 10; ++i) {
    rig.wait(20000);
    CHECK_FALSE(rig.sign(key));
  }
}

TEST_CASE("no checkpoint is asked for while its chunk is not durable") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.print("x");
  rig.wait(1000);
  const auto durable = rig.recorder.checkpoint_wanted();
  CHECK_FALSE(durable);
  rig.output.sync_hangs = true;
  rig.clock.advance(Milliseconds(11000));
  rig.print("y");
  REQUIRE(rig.recorder.tick());
  rig.clock.advance(Milliseconds(2000));
  REQUIRE(rig.recorder.tick());
  const auto early = rig.recorder.checkpoint_wanted();
  if (early) CHECK(early->sequence <= 1);
  rig.clock.advance(Milliseconds(5000));
  CHECK_FALSE(rig.recorder.tick());
  CHECK(rig.recorder.state() == RecorderState::failed);
}

TEST_CASE("a GAP makes a checkpoint due at once") {
  Rig rig;
  REQUIRE(rig.recorder.gap(GapReason::redaction, 3, "a lent secret"));
  const auto mark = rig.recorder.checkpoint_wanted();
  REQUIRE(mark);
  CHECK(mark->sequence == 1);
}

TEST_CASE("a checkpoint that was not asked for is refused, and the recording goes on") {
  Rig rig;
  const auto answer = rig.recorder.checkpoint({0, {}}, {});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == base::Errc::invalid);
  CHECK(rig.recorder.accepting());
}
