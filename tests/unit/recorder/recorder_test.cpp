#include "sallyport/recorder/recorder.hpp"

#include "recording.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

TEST_CASE("what was recorded is read back with its times") {
  const Sample sample;
  auto reader = reader_of(sample.file);
  CHECK(reader.header().wrapped_key == base::to_bytes("wrapped"));
  CHECK(reader.header().recipients == start_of().recipients);
  std::string command;
  std::optional<FileEvent> file;
  std::optional<std::uint32_t> exit_status;
  std::uint64_t second_at = 0;
  std::uint64_t again = 0;
  for (;;) {
    const auto record = reader.next();
    REQUIRE(record);
    if (!record.value()) break;
    const auto& body = record.value()->body;
    if (const auto* meta = std::get_if<MetaRecord>(&body)) CHECK(meta->fields == start_of().meta);
    if (const auto* text = std::get_if<CommandRecord>(&body)) command = text->text;
    if (const auto* event = std::get_if<FileEvent>(&body)) file = *event;
    if (const auto* closed = std::get_if<ClosedRecord>(&body); closed != nullptr && closed->exit_status)
      exit_status = closed->exit_status;
    if (const auto* opened = std::get_if<OpenedRecord>(&body); opened != nullptr && opened->again) ++again;
    if (const auto* output = std::get_if<OutputRecord>(&body);
        output != nullptr && base::as_text(output->bytes) == "second segment\r\n") {
      second_at = record.value()->time_ms;
    }
  }
  CHECK(reader.ended());
  CHECK(command == "uname -a");
  REQUIRE(file);
  CHECK(file->path == "/etc/motd");
  CHECK(file->sha256 == base::sha256(base::as_bytes("hello")));
  CHECK(exit_status == 3U);
  CHECK(second_at == 72500);
  CHECK(again == 1);
  CHECK(output_of(sample.file) == "first\r\nsecond segment\r\n");
  CHECK(output_of(sample.file, 1) == "Linux\n");
}

TEST_CASE("nothing that was recorded stands readable in the file") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::exec));
  REQUIRE(rig.recorder.exec(0, "echo PLAINTEXT-COMMAND"));
  rig.print("PLAINTEXT-OUTPUT");
  REQUIRE(rig.recorder.finish(EndReason::closed, "PLAINTEXT-REASON"));
  const auto text = base::as_text(rig.output.file);
  CHECK(text.find("PLAINTEXT") == std::string_view::npos);
  CHECK(text.find("alice") == std::string_view::npos);
}

TEST_CASE("output larger than a chunk is split and comes back whole") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  base::Bytes big(9U << 20U);
  base::random_bytes(big);
  REQUIRE(rig.recorder.output(0, big));
  const auto closed = rig.recorder.finish(EndReason::closed);
  REQUIRE(closed);
  CHECK(closed.value().totals.output_bytes == big.size());
  CHECK(output_of(rig.output.file) == base::as_text(big));
  auto reader = reader_of(rig.output.file);
  CHECK(reader.segments().value()->size() == 3);
}

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

TEST_CASE("a file without END reads to its last whole chunk") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.print("kept");
  rig.wait(1000);
  rig.print("lost");
  auto file = rig.output.file;
  CHECK(output_of(file) == "kept");
  file.resize(file.size() + 40);
  const auto magic = base::as_bytes("SPCK");
  std::copy(magic.begin(), magic.end(), file.end() - 40);
  CHECK(output_of(file) == "kept");
  CHECK(verify_bytes(file).state == RecordingState::truncated);
}

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

TEST_CASE("channels that are not open, doubled channels and long texts are refused without ending the recording") {
  Rig rig;
  CHECK(rig.recorder.output(5, base::as_bytes("x")).error().code() == base::Errc::invalid);
  REQUIRE(rig.recorder.channel_opened(5, ChannelKind::exec));
  CHECK(rig.recorder.channel_opened(5, ChannelKind::exec).error().code() == base::Errc::invalid);
  CHECK(rig.recorder.exec(5, std::string(kMaxCommand + 1, 'a')).error().code() == base::Errc::limit);
  REQUIRE(rig.recorder.exec(5, std::string(kMaxCommand, 'a')));
  FileEvent event;
  event.channel = 5;
  event.path = std::string(kMaxPath + 1, 'a');
  CHECK(rig.recorder.file_event(event).error().code() == base::Errc::limit);
  for (ChannelNumber i = 10; i < 10 + kMaxOpenChannels - 1; ++i)
    REQUIRE(rig.recorder.channel_opened(i, ChannelKind::other));
  CHECK(rig.recorder.channel_opened(99, ChannelKind::other).error().code() == base::Errc::limit);
  REQUIRE(rig.recorder.finish(EndReason::closed));
  CHECK(rig.recorder.output(5, base::as_bytes("late")).error().code() == base::Errc::unavailable);
  CHECK(verify_bytes(rig.output.file).state == RecordingState::complete);
}

TEST_CASE("a recording that does not fit its bounds never begins") {
  base::ManualClock clock{base::from_unix_ms(0)};
  MemoryOutput output;
  auto start = start_of();
  start.wrapped_key.resize(kMaxWrappedKey + 1);
  CHECK_FALSE(Recorder::start(start, key_of(), output, clock));
  CHECK_FALSE(Recorder::start(start_of(), base::SecretBytes(31), output, clock));
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

TEST_CASE("counted bytes are in the recording without a byte of content") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(2, ChannelKind::sftp));
  for (int i = 0; i < 1000; ++i) rig.recorder.count(2, Direction::to_target, 1U << 20U);
  rig.recorder.count(2, Direction::to_client, 17);
  rig.wait(10000);
  REQUIRE(rig.recorder.channel_closed(2));
  const auto closed = rig.recorder.finish(EndReason::closed);
  REQUIRE(closed);
  CHECK(closed.value().totals.input_bytes == 1000ULL << 20U);
  CHECK(closed.value().totals.output_bytes == 17);
  CHECK(rig.output.file.size() < 4096);
}
