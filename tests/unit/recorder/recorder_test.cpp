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
  REQUIRE(reader.seek(~std::uint64_t{0}));
  CHECK(reader.next().value()->segment == 2);
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
