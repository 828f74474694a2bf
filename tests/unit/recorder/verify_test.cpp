#include "sallyport/recorder/verify.hpp"

#include "recording.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

/// The finding names the part of the file that holds this offset.
bool names(const VerifyReport& report, const std::vector<Place>& parts, std::size_t offset) {
  if (!report.finding) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (offset < parts[i].offset || offset >= parts[i].offset + parts[i].size) continue;
    if (i == 0) return !report.finding->chunk.has_value() && report.finding->offset == 0;
    return report.finding->chunk == i - 1 && report.finding->offset == parts[i].offset;
  }
  return false;
}

}  // namespace

TEST_CASE("an untouched recording is complete") {
  const Sample sample;
  const auto report = verify_bytes(sample.file, sample.expected());
  CHECK(report.describe() ==
        "complete: " + std::to_string(sample.closed.totals.chunks + 1) + " chunks, 1 checkpoints, 0 gaps");
  REQUIRE(report.state == RecordingState::complete);
  CHECK(report.chunks == sample.closed.totals.chunks + 1);
  CHECK(report.bytes == sample.file.size());
  CHECK(report.totals == sample.closed.totals);
  CHECK(report.last_checkpoint == sample.last_checkpoint);
  CHECK(report.totals->files == 1);
  CHECK(report.totals->input_bytes == 6);
}

TEST_CASE("a recording with a GAP says so") {
  const Sample sample(true);
  const auto report = verify_bytes(sample.file, sample.expected());
  CHECK(report.describe().rfind("gap: ", 0) == 0);
  CHECK(report.gaps == 1);
}

TEST_CASE("any changed byte is found and the part that holds it is named") {
  const Sample sample;
  const auto parts = places(sample.file);
  REQUIRE(parts.size() > 8);
  auto file = sample.file;
  for (std::size_t i = 0; i < file.size(); ++i) {
    for (const unsigned bit : {0x01U, 0x80U}) {
      file[i] = static_cast<std::uint8_t>(file[i] ^ bit);
      const auto report = verify_bytes(file);
      if (report.state != RecordingState::tampered || !names(report, parts, i)) {
        FAIL("byte " << i << " bit " << bit << ": " << report.describe());
      }
      file[i] = static_cast<std::uint8_t>(file[i] ^ bit);
    }
  }
}

TEST_CASE("a file cut anywhere is truncated, and says where it stops") {
  const Sample sample;
  const auto parts = places(sample.file);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    for (const std::size_t keep : {std::size_t{0}, std::size_t{1}, parts[part].size / 2, parts[part].size - 1}) {
      const std::size_t size = parts[part].offset + keep;
      const auto report = verify_bytes(base::ByteView(sample.file).first(size), sample.expected());
      CAPTURE(size, report.describe());
      if (size == 0) {
        CHECK(report.state == RecordingState::missing);
        continue;
      }
      REQUIRE(report.state == RecordingState::truncated);
      if (part > 0) REQUIRE(report.finding->chunk == part - 1);
      REQUIRE(report.finding->offset == parts[part].offset);
    }
  }
}

TEST_CASE("a cut file of a session that lives is running, unless the audit log knows more") {
  const Sample sample;
  const auto parts = places(sample.file);
  const auto cut = base::ByteView(sample.file).first(parts[3].offset + 10);
  Expectation expected;
  expected.running = true;
  CHECK(verify_bytes(cut, expected).state == RecordingState::running);
  expected.last_checkpoint = sample.last_checkpoint;
  CHECK(verify_bytes(cut, expected).state == RecordingState::truncated);
}

TEST_CASE("chunks that are removed, doubled or swapped are found") {
  const Sample sample;
  const auto parts = places(sample.file);
  const auto begin = sample.file.begin();
  const auto at = [&](std::size_t part) { return begin + static_cast<std::ptrdiff_t>(parts[part].offset); };
  base::Bytes removed(begin, at(4));
  removed.insert(removed.end(), at(5), sample.file.end());
  base::Bytes doubled(begin, at(5));
  doubled.insert(doubled.end(), at(4), sample.file.end());
  base::Bytes swapped(begin, at(4));
  swapped.insert(swapped.end(), at(5), at(6));
  swapped.insert(swapped.end(), at(4), at(5));
  swapped.insert(swapped.end(), at(6), sample.file.end());
  base::Bytes followed = sample.file;
  followed.push_back(0);
  CHECK(verify_bytes(removed).finding->chunk == 3);
  CHECK(verify_bytes(doubled).finding->chunk == 4);
  CHECK(verify_bytes(swapped).finding->chunk == 3);
  CHECK(verify_bytes(followed).describe().find("bytes follow END") != std::string::npos);
  for (const auto* file : {&removed, &doubled, &swapped, &followed})
    CHECK(verify_bytes(*file).state == RecordingState::tampered);
}

TEST_CASE("another recording made with the same key does not pass for the one in the audit log") {
  const Sample sample;
  const Sample other;
  auto expected = sample.expected();
  expected.signer.reset();
  const auto report = verify_bytes(other.file, expected);
  REQUIRE(report.state == RecordingState::tampered);
  CHECK(report.finding->chunk == sample.last_checkpoint->sequence);
  expected.last_checkpoint.reset();
  CHECK(verify_bytes(other.file, expected).finding->chunk == sample.closed.end.sequence);
}

TEST_CASE("a checkpoint that another key signed does not verify") {
  const Sample sample;
  auto expected = sample.expected();
  expected.signer = base::SigningKey::generate().public_key();
  const auto report = verify_bytes(sample.file, expected);
  CHECK(report.describe().find("signature") != std::string::npos);
}

TEST_CASE("where no recording began there is none, without a file and with one that has only its beginning") {
  Expectation expected;
  expected.never = true;
  CHECK(verify(nullptr, key_of(), expected).value().state == RecordingState::none);
  CHECK(verify_bytes({}, expected).state == RecordingState::none);
  const Sample sample;
  const auto parts = places(sample.file);
  const base::ByteView file(sample.file);
  CHECK(verify_bytes(file.first(20), expected).state == RecordingState::none);
  CHECK(verify_bytes(file.first(parts[2].offset), expected).state == RecordingState::none);
  CHECK(verify_bytes(file, expected).state == RecordingState::tampered);
  CHECK(verify_bytes(file.first(parts[3].offset), expected).state == RecordingState::tampered);
  Rig rig;
  rig.wait(100);
  REQUIRE(rig.recorder.finish(EndReason::error, "refused"));
  CHECK(verify_bytes(rig.output.file, expected).state == RecordingState::none);
}

TEST_CASE("an END that the vault was never told does not make a cut session whole") {
  const Sample sample;
  Expectation expected;
  expected.cut = true;
  const auto report = verify_bytes(sample.file, expected);
  CHECK(report.state == RecordingState::truncated);
  CHECK(report.describe().find("does not know its END") != std::string::npos);
}

TEST_CASE("the wrong data key, another session and no file are said plainly") {
  const Sample sample;
  MemorySource source(sample.file);
  CHECK(verify(&source, key_of(8), {}).value().describe().find("data key") != std::string::npos);
  Expectation expected;
  expected.session = base::SessionId::parse("ponmlkjihgfedcba").value();
  CHECK(verify_bytes(sample.file, expected).describe().find("another session") != std::string::npos);
  CHECK(verify(nullptr, key_of(), {}).value().state == RecordingState::missing);
}
