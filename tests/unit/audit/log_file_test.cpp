#include "sallyport/audit/log_file.hpp"

#include <fcntl.h>

#include "sallyport/audit/event.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::audit;
using Where = Break::Where;

namespace {

/// A log of seven entries with a checkpoint after the third and the last. Knows where each piece lies.
struct SmallLog {
  struct Piece {
    Where where;
    std::uint64_t index;
    std::size_t end;
  };

  base::SigningKey key = base::SigningKey::generate();
  VerifierKey verifier{"vault.example/audit", key.public_key()};
  Frontier frontier;
  std::vector<Checkpoint> checkpoints;
  base::Bytes file = encode_log_header(verifier);
  std::vector<Piece> pieces{{Where::header, 0, file.size()}};

  SmallLog() {
    for (std::uint64_t i = 0; i < 7; ++i) {
      add_entry(i);
      if (i == 2 || i == 6) add_checkpoint();
    }
  }
  static base::Bytes event(std::uint64_t i) {
    Event out;
    out.actor = "user:alice";
    out.action = "otp.verify";
    out.detail = "number " + std::to_string(i);
    return encode(out);
  }
  void add_entry(std::uint64_t i) {
    const auto bytes = event(i);
    frontier.append(leaf_hash(bytes));
    add(Where::entry, i, encode_log_entry(i, bytes, leaf_hash(bytes)));
  }
  void add_checkpoint() {
    checkpoints.push_back({verifier.name, frontier.size(), frontier.root()});
    add(Where::checkpoint, checkpoints.size() - 1, encode_log_checkpoint(sign_checkpoint(checkpoints.back(), key)));
  }
  void add(Where where, std::uint64_t index, const base::Bytes& bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
    pieces.push_back({where, index, file.size()});
  }
  std::size_t piece_at(std::size_t offset) const {
    std::size_t i = 0;
    while (offset >= pieces[i].end) ++i;
    return i;
  }
};

}  // namespace

TEST_CASE("an exported log that nobody touched is intact") {
  const SmallLog log;
  const auto judged = verify_log(base::ByteView(log.file));
  CHECK(judged.report.intact());
  CHECK(judged.report.entries == 7);
  CHECK(judged.report.checkpoints == 2);
  CHECK(judged.report.root == log.frontier.root());
  CHECK(judged.key.value() == log.verifier);
  CHECK(verify_log(base::ByteView(log.file), {log.verifier, {}}).report.intact());
}

TEST_CASE("one changed byte anywhere in an exported log is found, and the piece that holds it is named") {
  const SmallLog log;
  for (std::size_t offset = 0; offset < log.file.size(); ++offset) {
    for (const unsigned flip : {1U, 0x40U, 0xffU}) {
      auto file = log.file;
      file[offset] = static_cast<std::uint8_t>(file[offset] ^ flip);
      const auto report = verify_log(base::ByteView(file)).report;
      const auto& piece = log.pieces[log.piece_at(offset)];
      INFO("offset " << offset << " flip " << flip << ": " << report.text());
      REQUIRE(!report.intact());
      // The type letter says what a record is; where it is the changed byte, the place in the file still fits.
      const bool type_letter =
          offset == log.pieces[log.piece_at(offset) - (offset > 0 && piece.where != Where::header ? 1 : 0)].end;
      if (type_letter) continue;
      CHECK(report.broken->where == piece.where);
      CHECK(report.broken->index == piece.index);
    }
  }
}

TEST_CASE("a log cut anywhere but behind a checkpoint is found by itself") {
  const SmallLog log;
  for (std::size_t size = 0; size < log.file.size(); ++size) {
    const auto report = verify_log(base::ByteView(log.file).first(size)).report;
    const bool behind_checkpoint = size == log.pieces[4].end;
    INFO("cut to " << size << ": " << report.text());
    CHECK(report.intact() == behind_checkpoint);
  }
}

TEST_CASE("a tail cut off with its checkpoints is found by who knows a newer checkpoint or the size") {
  const SmallLog log;
  const auto cut = base::ByteView(log.file).first(log.pieces[4].end);
  REQUIRE(verify_log(cut).report.intact());
  const auto by_checkpoint = verify_log(cut, {log.verifier, {log.checkpoints[1], 0}}).report;
  CHECK(by_checkpoint.broken->where == Where::tail);
  CHECK(by_checkpoint.text() == "broken at the end: 3 entries are there, 7 were: the tail was cut off");
  CHECK(verify_log(cut, {log.verifier, {std::nullopt, 4}}).report.broken->where == Where::tail);
}

TEST_CASE("a log that forked from a checkpoint seen before is found, though it is signed") {
  const SmallLog log;
  auto seen = log.checkpoints[0];
  CHECK(verify_log(base::ByteView(log.file), {log.verifier, {seen, 0}}).report.intact());
  seen.root[5] ^= 1U;
  CHECK(verify_log(base::ByteView(log.file), {log.verifier, {seen, 0}}).report.broken->where == Where::tail);
  seen.origin = "other.example";
  CHECK(verify_log(base::ByteView(log.file), {log.verifier, {seen, 0}}).report.broken->where == Where::header);
}

TEST_CASE("a rewritten entry with a fitting leaf hash breaks the checkpoint over it") {
  const SmallLog log;
  const auto other = SmallLog::event(99);
  base::Bytes file(log.file.begin(), log.file.begin() + static_cast<std::ptrdiff_t>(log.pieces[0].end));
  const auto forged = encode_log_entry(0, other, leaf_hash(other));
  file.insert(file.end(), forged.begin(), forged.end());
  file.insert(file.end(), log.file.begin() + static_cast<std::ptrdiff_t>(log.pieces[1].end), log.file.end());
  const auto report = verify_log(base::ByteView(file)).report;
  REQUIRE(!report.intact());
  CHECK(report.broken->where == Where::checkpoint);
  CHECK(report.broken->why.find("between 0 and 2") != std::string::npos);
}

TEST_CASE("a whole log by another key is refused when the key is known") {
  const SmallLog log;
  const SmallLog theirs;
  CHECK(verify_log(base::ByteView(theirs.file), {log.verifier, {}}).report.broken->where == Where::header);
}

TEST_CASE("a second signature on the log's own checkpoint is not let pass in the file") {
  SmallLog log;
  auto witness = sign_checkpoint({"witness.example", 7, log.frontier.root()}, base::SigningKey::generate());
  const auto note = sign_checkpoint(log.checkpoints[1], log.key) + witness.substr(witness.find("\n\n") + 2);
  log.add(Where::checkpoint, 2, encode_log_checkpoint(note));
  CHECK(verify_log(base::ByteView(log.file)).report.broken->why == "more than one signature");
}

TEST_CASE("chunks of any size give the same verdict, also from a descriptor") {
  const SmallLog log;
  for (const std::size_t step : {1U, 7U, 1000U}) {
    LogFileVerifier verifier({});
    for (auto rest = base::ByteView(log.file); !rest.empty(); rest = rest.subspan(std::min(step, rest.size()))) {
      verifier.feed(rest.first(std::min(step, rest.size())));
    }
    CHECK(std::move(verifier).finish().report.intact());
  }
  const sallyport::test::TempDir directory;
  REQUIRE(base::write_file_atomic(directory / "log", log.file));
  const base::UniqueFd fd(::open((directory / "log").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(verify_log(fd.get()).value().report.intact());
  CHECK(verify_log(-1).error().code() == base::Errc::io);
}

TEST_CASE("rows out of order, doubled or missing are named") {
  const SmallLog log;
  const auto first = SmallLog::event(0);
  for (const std::uint64_t index : {1U, 5U}) {
    LogVerifier verifier(log.verifier);
    verifier.entry(index, first, leaf_hash(first));
    const auto report = std::move(verifier).finish();
    CHECK(report.broken->where == Where::entry);
    CHECK(report.broken->index == 0);
  }
  LogVerifier verifier(log.verifier);
  verifier.entry(0, first, leaf_hash(first));
  verifier.entry(0, first, leaf_hash(first));
  CHECK(std::move(verifier).finish().broken->index == 1);
}
