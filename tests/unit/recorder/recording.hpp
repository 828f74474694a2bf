#pragma once
// Recordings in memory for the tests of this folder.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/recorder/reader.hpp"
#include "sallyport/recorder/recorder.hpp"
#include "sallyport/recorder/verify.hpp"
#include "support/catch.hpp"

namespace sallyport::recorder::test {

using base::Milliseconds;

/// Keeps what it gets; takes at most `room` bytes; fails at the chosen call.
class MemoryOutput final : public Output {
 public:
  base::Result<std::size_t> append(base::ByteView bytes) override {
    if (calls++ == fail_at) return base::fail(base::Errc::unavailable, "the recording's disk is full");
    const std::size_t taken = std::min(bytes.size(), room);
    file.insert(file.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    room -= taken;
    return taken;
  }
  base::Result<std::uint64_t> written() override {
    if (write_fails) return base::fail(base::Errc::unavailable, "the recording's disk is full");
    return told = std::max<std::uint64_t>(told, file.size() - std::min(file.size(), on_the_way));
  }
  base::Result<bool> sync() override {
    if (calls++ == fail_at) return base::fail(base::Errc::io, "the disk says no");
    ++syncs;
    return !sync_hangs;
  }
  base::Bytes file;
  std::size_t room = SIZE_MAX;
  std::size_t calls = 0;
  std::size_t fail_at = SIZE_MAX;
  std::size_t syncs = 0;
  bool sync_hangs = false;
  bool write_fails = false;
  std::size_t on_the_way = 0;  ///< of what was taken, not in the file yet
  std::uint64_t told = 0;
};

inline base::SecretBytes key_of(std::uint8_t byte = 7) {
  base::SecretBytes key(base::kKeySize);
  std::fill(key.expose_mutable().begin(), key.expose_mutable().end(), byte);
  return key;
}

inline base::SessionId session_id() { return base::SessionId::parse("abcdefghijklmnop").value(); }

inline RecordingStart start_of() {
  return {session_id(),
          base::to_bytes("wrapped"),
          {{"recovery", base::to_bytes("sealed")}},
          {{"user", "alice"}, {"account", "root@web1"}}};
}

/// A recorder on a clock that is moved by hand.
struct Rig {
  base::ManualClock clock{base::from_unix_ms(1'795'369'200'000)};
  MemoryOutput output;
  Recorder recorder = begin();

  Recorder begin() {
    auto made = Recorder::start(start_of(), key_of(), output, clock);
    REQUIRE(made);
    return std::move(made).value();
  }
  void print(std::string_view text, ChannelNumber channel = 0) {
    REQUIRE(recorder.output(channel, base::as_bytes(text)));
  }
  void wait(int ms) {
    clock.advance(Milliseconds(ms));
    REQUIRE(recorder.tick());
  }
  /// Signs what is asked for.
  bool sign(const base::SigningKey& key) {
    const auto mark = recorder.checkpoint_wanted();
    if (!mark) return false;
    REQUIRE(recorder.checkpoint(*mark, key.sign(checkpoint_message(session_id(), *mark))));
    return true;
  }
};

/// A session of everything: shell, commands, files, a checkpoint, several segments, END.
struct Sample {
  base::SigningKey signer = base::SigningKey::generate();
  base::Bytes file;
  Closed closed;
  std::optional<Mark> last_checkpoint;

  explicit Sample(bool with_gap = false) {
    Rig rig;
    auto& recorder = rig.recorder;
    REQUIRE(recorder.channel_opened(0, ChannelKind::shell));
    REQUIRE(recorder.resize(0, 100, 30));
    rig.print("first\r\n");
    recorder.count(0, Direction::to_target, 6);
    rig.wait(1500);
    REQUIRE(recorder.channel_opened(1, ChannelKind::exec));
    REQUIRE(recorder.exec(1, "uname -a"));
    rig.print("Linux\n", 1);
    REQUIRE(recorder.channel_closed(1, 3));
    FileEvent event;
    event.path = "/etc/motd";
    event.size = 5;
    event.sha256 = base::sha256(base::as_bytes("hello"));
    REQUIRE(recorder.file_event(event));
    if (with_gap) REQUIRE(recorder.gap(GapReason::policy, 12, "not to be kept"));
    rig.wait(11000);
    last_checkpoint = recorder.checkpoint_wanted();
    REQUIRE(last_checkpoint);
    REQUIRE(recorder.checkpoint(*last_checkpoint, signer.sign(checkpoint_message(session_id(), *last_checkpoint))));
    rig.wait(60000);
    rig.print("second segment\r\n");
    rig.wait(2000);
    REQUIRE(recorder.channel_closed(0));
    auto done = recorder.finish(EndReason::closed, "bye");
    REQUIRE(done);
    closed = done.value();
    file = rig.output.file;
  }
  Expectation expected() const { return {session_id(), last_checkpoint, closed.end, signer.public_key(), false}; }
};

inline VerifyReport verify_bytes(base::ByteView file, const Expectation& expected = {}) {
  MemorySource source(file);
  auto report = verify(&source, key_of(), expected);
  REQUIRE(report);
  return report.value();
}

/// Owns its bytes, so that a Reader may outlive the caller's.
class OwnedSource final : public Source {
 public:
  explicit OwnedSource(base::Bytes bytes) : bytes_(std::move(bytes)), view_(bytes_) {}
  std::uint64_t size() const override { return view_.size(); }
  base::Result<std::size_t> read_at(std::uint64_t offset, base::MutableByteView out) override {
    return view_.read_at(offset, out);
  }

 private:
  base::Bytes bytes_;
  MemorySource view_;
};

inline Reader reader_of(const base::Bytes& file) {
  auto reader = Reader::open(std::make_unique<OwnedSource>(file), key_of());
  REQUIRE(reader);
  return std::move(reader).value();
}

/// All output of one channel, joined.
inline std::string output_of(const base::Bytes& file, ChannelNumber channel = 0) {
  auto reader = reader_of(file);
  std::string out;
  for (;;) {
    auto record = reader.next();
    REQUIRE(record);
    if (!record.value()) return out;
    const auto* output = std::get_if<OutputRecord>(&record.value()->body);
    if (output != nullptr && output->channel == channel) out += base::as_text(output->bytes);
  }
}

struct Place {
  std::size_t offset;
  std::size_t size;
};
/// Where the header and the chunks stand, from their clear sizes.
inline std::vector<Place> places(base::ByteView file) {
  const auto number = [&](std::size_t at) {
    return static_cast<std::size_t>(base::Reader(file.subspan(at)).u32().value());
  };
  std::vector<Place> out{{0, 16 + number(12) + 32}};
  while (out.back().offset + out.back().size < file.size()) {
    const std::size_t at = out.back().offset + out.back().size;
    out.push_back({at, kClearSize + number(at + 8)});
  }
  return out;
}

}  // namespace sallyport::recorder::test
