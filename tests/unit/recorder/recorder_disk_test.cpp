// What of a recording is in its file and when, and what becomes of it when the disk takes nothing.
#include "sallyport/recorder/recorder.hpp"

#include "recording.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

TEST_CASE("what is printed after a silence is in the file with the next tick") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.print("x");
  const auto place = rig.recorder.place();
  CHECK(rig.recorder.in_file() < place);
  REQUIRE(rig.recorder.deadline());
  CHECK(*rig.recorder.deadline() <= rig.clock.mono());
  REQUIRE(rig.recorder.tick());
  CHECK(rig.recorder.in_file() == place);
  CHECK(output_of(rig.output.file) == "x");
}

TEST_CASE("what a program goes on printing is gathered, and what answers input is not") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.print("a");
  REQUIRE(rig.recorder.tick());
  rig.clock.advance(Milliseconds(1));
  SECTION("gathered") {
    rig.print("b");
    REQUIRE(rig.recorder.tick());
    CHECK(rig.recorder.in_file() < rig.recorder.place());
    CHECK(*rig.recorder.deadline() == rig.clock.mono() + kGather - Milliseconds(1));
    rig.wait(48);
    rig.print("c");
    rig.wait(1);
    CHECK(rig.recorder.in_file() == rig.recorder.place());
    CHECK(output_of(rig.output.file) == "abc");
  }
  SECTION("an answer") {
    rig.recorder.count(0, Direction::to_target, 1);
    rig.print("b");
    REQUIRE(rig.recorder.tick());
    CHECK(rig.recorder.in_file() == rig.recorder.place());
  }
  SECTION("hurried") {
    rig.print("b");
    rig.recorder.hurry();
    REQUIRE(rig.recorder.tick());
    CHECK(rig.recorder.in_file() == rig.recorder.place());
  }
}

TEST_CASE("nothing counts as in the file before the Output says so, and more is gathered meanwhile") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.wait(1000);
  rig.clock.advance(kGather);
  rig.output.on_the_way = SIZE_MAX;
  rig.print("a");
  const auto place = rig.recorder.place();
  REQUIRE(rig.recorder.tick());
  CHECK(rig.recorder.in_file() < place);
  const auto size = rig.output.file.size();
  rig.print("b");
  rig.wait(100);
  CHECK(rig.output.file.size() == size);
  rig.output.on_the_way = 0;
  REQUIRE(rig.recorder.tick());
  CHECK(rig.recorder.in_file() == rig.recorder.place());
  CHECK(output_of(rig.output.file) == "ab");
}

TEST_CASE("bytes that were taken and do not come into the file fail the recording after 5 seconds") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.wait(1000);
  rig.clock.advance(kGather);
  rig.print("x");
  rig.output.on_the_way = SIZE_MAX;
  REQUIRE(rig.recorder.tick());
  REQUIRE(rig.recorder.deadline());
  rig.clock.advance(kBlockedLimit - Milliseconds(1));
  REQUIRE(rig.recorder.tick());
  rig.clock.advance(Milliseconds(1));
  CHECK_FALSE(rig.recorder.tick());
  CHECK(rig.recorder.state() == RecorderState::failed);
  CHECK(rig.recorder.in_file() < rig.recorder.place());
}

TEST_CASE("a write that failed is known with the next tick, though nothing waits to be written") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.wait(60000);
  rig.output.write_fails = true;
  CHECK_FALSE(rig.recorder.tick());
  CHECK(rig.recorder.state() == RecorderState::failed);
}

TEST_CASE("input needs a sign of the file's life each second") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.wait(1000);
  CHECK(rig.recorder.beat(0).value() == 0);  // the channel's own opening was one
  rig.clock.advance(kBeat);
  const auto size = rig.output.file.size();
  SECTION("which is written for it") {
    const auto beat = rig.recorder.beat(0).value();
    CHECK(beat == rig.recorder.place());
    CHECK(rig.recorder.beat(0).value() == beat);
    REQUIRE(rig.recorder.tick());
    CHECK(rig.recorder.in_file() == beat);
    CHECK(rig.recorder.beat(0).value() == 0);
    CHECK(rig.output.file.size() > size);
  }
  SECTION("and which output is as well") {
    rig.print("x");
    REQUIRE(rig.recorder.tick());
    CHECK(rig.recorder.beat(0).value() == 0);
  }
  SECTION("and without which it waits") {
    rig.output.on_the_way = SIZE_MAX;
    const auto beat = rig.recorder.beat(0).value();
    for (int i = 0; i < 4; ++i) {
      rig.wait(1000);
      CHECK(rig.recorder.in_file() < beat);
      CHECK(rig.recorder.beat(0).value() == beat);
    }
  }
}

TEST_CASE("the text of an exec request is in the file before the call returns") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::exec));
  const auto before = rig.output.file.size();
  REQUIRE(rig.recorder.exec(0, "id"));
  CHECK(rig.output.file.size() > before);
}

TEST_CASE("a recorder whose output takes nothing stops accepting, and fails after 5 seconds") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.output.room = 0;
  base::Bytes noise(1U << 20U);
  base::random_bytes(noise);
  while (rig.recorder.accepting()) REQUIRE(rig.recorder.output(0, noise));
  CHECK(rig.recorder.state() == RecorderState::blocked);
  const auto refused = rig.recorder.output(0, noise);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == base::Errc::limit);

  SECTION("taking again in time goes on without a loss") {
    rig.clock.advance(Milliseconds(4900));
    rig.output.room = SIZE_MAX;
    REQUIRE(rig.recorder.tick());
    CHECK(rig.recorder.state() == RecorderState::recording);
    CHECK(rig.recorder.accepting());
    REQUIRE(rig.recorder.finish(EndReason::closed));
    CHECK(verify_bytes(rig.output.file).state == RecordingState::complete);
  }
  SECTION("5 seconds end it") {
    rig.clock.advance(Milliseconds(4999));
    REQUIRE(rig.recorder.tick());
    rig.clock.advance(Milliseconds(1));
    const auto late = rig.recorder.tick();
    REQUIRE_FALSE(late);
    CHECK(late.error().code() == base::Errc::timed_out);
    CHECK(rig.recorder.state() == RecorderState::failed);
    CHECK_FALSE(rig.recorder.accepting());
    CHECK_FALSE(rig.recorder.output(0, noise));
    CHECK_FALSE(rig.recorder.finish(EndReason::closed));
  }
}

TEST_CASE("a few bytes that cannot be written for 5 seconds end the recording as well") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.output.room = 0;
  rig.print("x");
  rig.wait(1000);
  CHECK(rig.recorder.state() == RecorderState::blocked);
  CHECK(rig.recorder.accepting());
  rig.clock.advance(Milliseconds(5000));
  CHECK_FALSE(rig.recorder.output(0, base::as_bytes("y")));
  CHECK(rig.recorder.state() == RecorderState::failed);
}

TEST_CASE("an error of the output at any call fails the recording for good") {
  const auto run = [](MemoryOutput& output) -> base::Result<> {
    base::ManualClock clock{base::from_unix_ms(0)};
    SALLYPORT_TRY(auto recorder, Recorder::start(start_of(), key_of(), output, clock));
    const auto play = [&]() -> base::Result<> {
      SALLYPORT_TRYV(recorder.channel_opened(0, ChannelKind::shell));
      for (int i = 0; i < 4; ++i) {
        SALLYPORT_TRYV(recorder.output(0, base::as_bytes("text")));
        clock.advance(Milliseconds(1000));
        SALLYPORT_TRYV(recorder.tick());
      }
      SALLYPORT_TRYV(recorder.gap(GapReason::other, 0, ""));
      SALLYPORT_TRYV(recorder.finish(EndReason::closed));
      return base::ok();
    };
    auto done = play();
    if (!done) {
      CHECK(recorder.state() == RecorderState::failed);
      CHECK_FALSE(recorder.accepting());
      CHECK(recorder.failure());
      CHECK_FALSE(recorder.output(0, base::as_bytes("more")));
      CHECK_FALSE(recorder.finish(EndReason::error));
    }
    return done;
  };
  MemoryOutput whole;
  REQUIRE(run(whole));
  REQUIRE(whole.calls > 8);
  for (std::size_t at = 0; at < whole.calls; ++at) {
    MemoryOutput output;
    output.fail_at = at;
    CAPTURE(at);
    REQUIRE_FALSE(run(output));
    if (!output.file.empty())
      CHECK(verify_bytes(output.file).state ==
            (at + 1 < whole.calls ? RecordingState::truncated : RecordingState::gap));
  }
}

TEST_CASE("nothing is taken into a recording before its first bytes are durable") {
  base::ManualClock clock{base::from_unix_ms(0)};
  MemoryOutput output;
  const bool no_room = GENERATE(true, false);
  output.room = no_room ? 10 : SIZE_MAX;
  output.sync_hangs = !no_room;
  auto started = Recorder::start(start_of(), key_of(), output, clock);
  REQUIRE(started);
  auto& recorder = started.value();
  CHECK(recorder.state() == RecorderState::starting);
  CHECK_FALSE(recorder.accepting());
  CHECK(recorder.channel_opened(0, ChannelKind::shell).error().code() == base::Errc::limit);

  SECTION("once they are, it is a recording") {
    output.room = SIZE_MAX;
    output.sync_hangs = false;
    REQUIRE(recorder.tick());
    CHECK(recorder.state() == RecorderState::recording);
    CHECK(recorder.channel_opened(0, ChannelKind::shell));
  }
  SECTION("after 5 seconds it has failed") {
    REQUIRE(recorder.deadline());
    CHECK(*recorder.deadline() == clock.mono() + kBlockedLimit);
    clock.advance(kBlockedLimit);
    CHECK_FALSE(recorder.tick());
    CHECK(recorder.state() == RecorderState::failed);
  }
}

TEST_CASE("while the disk hangs a recorder asks for no tick but its chunks' and the one that ends it") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.wait(1000);
  const bool no_room = GENERATE(true, false);
  if (no_room) rig.output.room = 0;
  rig.output.sync_hangs = true;
  rig.print("x");
  rig.wait(1000);
  rig.print("y");
  rig.wait(1000);
  rig.wait(1500);
  REQUIRE(rig.recorder.deadline());
  CHECK(*rig.recorder.deadline() == rig.clock.mono() + kBlockedLimit - Milliseconds(2500));
}
