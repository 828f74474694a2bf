// Jumps into a recording: to the segment that holds a time, found by halving the file.
#include <algorithm>
#include <random>

#include "framing.hpp"
#include "recording.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

/// One clear header, as a walk from chunk to chunk finds it.
struct Walked {
  std::uint64_t time_ms, offset;
  std::uint32_t segment;
};

std::vector<Walked> walk(const base::Bytes& file) {
  std::vector<Walked> out;
  auto at = header_size(base::ByteView(file).first(kHeaderPrefix)).value();
  while (at + kClearSize <= file.size()) {
    const auto clear = decode_clear(base::ByteView(file).subspan(at, kClearSize)).value();
    out.push_back({clear.time_ms, at, clear.segment});
    at += kClearSize + clear.sealed_size;
  }
  return out;
}

std::uint32_t segment_at(const std::vector<Walked>& chunks, std::uint64_t time_ms) {
  std::uint32_t segment = 0;
  for (const auto& one : chunks) {
    if (one.time_ms <= time_ms) segment = one.segment;
  }
  return segment;
}

/// Many segments: minutes of lines, some of silence, and floods whose chunks are as large as chunks get.
base::Bytes long_recording(int minutes) {
  Rig rig;
  std::mt19937 random(4711);
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  base::Bytes flood(700U << 10U);
  base::random_bytes(flood);
  for (int minute = 0; minute < minutes; ++minute) {
    if (minute % 7 == 3) REQUIRE(rig.recorder.output(0, flood));
    if (minute % 5 == 4) {
      rig.wait(60000);
      continue;
    }
    for (int i = 0; i < 120; ++i) {
      rig.wait(500);
      rig.print(std::string(random() % 200, 'x') + std::to_string(random()));
    }
  }
  REQUIRE(rig.recorder.finish(EndReason::closed));
  return rig.output.file;
}

std::uint32_t jumped_to(Reader& reader, std::uint64_t time_ms) {
  REQUIRE(reader.seek(time_ms));
  const auto record = reader.next();
  REQUIRE(record);
  REQUIRE(record.value());
  return record.value()->segment;
}

/// Reads on, to the end of what is there or to an Error.
bool ends_well(Reader& reader) {
  auto record = reader.next();
  while (record && record.value()) record = reader.next();
  return record.has_value();
}

}  // namespace

TEST_CASE("seek: a jump goes to the segment that holds the time, back and forth") {
  const auto file = long_recording(40);
  const auto chunks = walk(file);
  const auto end = chunks.back().time_ms;
  REQUIRE(chunks.back().segment > 20);
  auto reader = reader_of(file);
  std::mt19937 random(4711);
  for (int i = 0; i < 300; ++i) {
    const auto time = random() % (end + 5000);
    INFO(time);
    CHECK(jumped_to(reader, time) == segment_at(chunks, time));
  }
  // Each border, a millisecond before it, and beyond both ends.
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    if (chunks[i].segment == chunks[i - 1].segment) continue;
    CHECK(jumped_to(reader, chunks[i].time_ms) == chunks[i].segment);
    CHECK(jumped_to(reader, chunks[i].time_ms - 1) == segment_at(chunks, chunks[i].time_ms - 1));
  }
  CHECK(jumped_to(reader, 0) == 0);
  CHECK(jumped_to(reader, ~std::uint64_t{0}) == chunks.back().segment);
}

TEST_CASE("seek: what is read after a jump is all that a walk from the start reads there") {
  const Sample sample;
  auto whole = reader_of(sample.file);
  std::vector<std::uint64_t> times;
  for (auto record = whole.next(); record && record.value(); record = whole.next())
    times.push_back(record.value()->time_ms);
  auto reader = reader_of(sample.file);
  REQUIRE(reader.seek(times.back()));
  std::size_t read = 0;
  auto record = reader.next();
  for (; record && record.value(); record = reader.next()) ++read;
  CHECK(record);
  CHECK(reader.ended());
  CHECK(read > 2);
  REQUIRE(reader.seek(0));
  CHECK_FALSE(reader.ended());
  for (read = 0; reader.next().value();) ++read;
  CHECK(read == times.size());
}

TEST_CASE("seek: a file that is cut anywhere is read up to there, and has no place beyond") {
  const auto file = long_recording(6);
  const auto chunks = walk(file);
  const auto header = chunks.front().offset;
  std::mt19937 random(4711);
  for (int i = 0; i < 200; ++i) {
    auto cut = file;
    cut.resize(header + random() % (file.size() - header));
    INFO(cut.size());
    auto reader = reader_of(cut);
    REQUIRE(reader.seek(chunks.back().time_ms));
    const auto record = reader.next();
    REQUIRE(record);
    // Nothing, if the first chunk of the segment is the one that is cut.
    if (record.value())
      CHECK(record.value()->segment <= chunks.back().segment);
    else
      CHECK((reader.cut() || cut.size() == header));
  }
}

TEST_CASE("seek: behind a place that was overwritten the rest is found, and the place itself is told") {
  auto file = long_recording(6);
  const auto chunks = walk(file);
  const auto middle = chunks[chunks.size() / 2].offset;
  std::fill(file.begin() + static_cast<std::ptrdiff_t>(middle),
            file.begin() + static_cast<std::ptrdiff_t>(middle + 2000), std::uint8_t{0});
  auto reader = reader_of(file);
  CHECK(jumped_to(reader, chunks.back().time_ms) == chunks.back().segment);
  REQUIRE(reader.seek(0));
  CHECK_FALSE(ends_well(reader));
}

TEST_CASE("seek: where the first chunk of the segment was overwritten or cut off, that is said") {
  const auto file = long_recording(6);
  const auto chunks = walk(file);
  const auto third = std::find_if(chunks.begin(), chunks.end(), [](const auto& one) { return one.segment == 2; });
  REQUIRE(third != chunks.end());
  const auto start = static_cast<std::ptrdiff_t>(third->offset);
  auto damaged = file;
  std::fill(damaged.begin() + start, damaged.begin() + start + 70, std::uint8_t{0});
  auto reader = reader_of(damaged);
  REQUIRE(reader.seek(third[1].time_ms));
  CHECK_FALSE(ends_well(reader));
  auto cut = file;
  cut.resize(third->offset + 10);
  auto rest = reader_of(cut);
  REQUIRE(rest.seek(third[1].time_ms));
  CHECK(ends_well(rest));
  CHECK(rest.cut());
}

TEST_CASE("seek: a header that names a segment that can't be there is told, and not counted up to") {
  const auto file = long_recording(6);
  const auto chunks = walk(file);
  constexpr std::size_t kSegment = 12;  // in a clear header
  for (const auto& one : {chunks.back(), chunks[chunks.size() / 2]}) {
    auto forged = file;
    std::fill_n(forged.begin() + static_cast<std::ptrdiff_t>(one.offset + kSegment), 4, std::uint8_t{0xFF});
    auto reader = reader_of(forged);
    const auto jump = reader.seek(one.time_ms);
    CHECK((!jump || !ends_well(reader)));
  }
}

TEST_CASE("seek: few bytes are read of a long file") {
  class Counting final : public Source {
   public:
    Counting(base::Bytes bytes, std::uint64_t& read) : owned_(std::move(bytes)), read_(&read) {}
    std::uint64_t size() const override { return owned_.size(); }
    base::Result<std::size_t> read_at(std::uint64_t offset, base::MutableByteView out) override {
      SALLYPORT_TRY(const auto got, owned_.read_at(offset, out));
      *read_ += got;
      return got;
    }

   private:
    OwnedSource owned_;
    std::uint64_t* read_;
  };
  const auto file = long_recording(200);
  std::uint64_t read = 0;
  auto opened = Reader::open(std::make_unique<Counting>(file, read), key_of());
  REQUIRE(opened);
  read = 0;
  REQUIRE(opened.value().seek(100U * 60 * 1000));
  CHECK(read < file.size() / 4);
}
