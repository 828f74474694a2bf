#include "sallyport/recorder/reader.hpp"

#include <zstd.h>

#include "chunk_writer.hpp"
#include "compression.hpp"
#include "record_codec.hpp"
#include "recording.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

/// A file of the format with chunks of the test's choice, as a holder of the data key could forge it.
struct Forge {
  FileHeader header{{session_id(), base::from_unix_ms(0), {}, {}}, {}};
  base::Bytes file = encode_header(header, key_of()).value();
  ChunkWriter chunks{header.salt, file, key_of()};

  Forge() { chunks.seal(ChunkType::meta, false, 0, encode_meta({}).value(), file); }
  void add(ChunkType type, base::ByteView payload, bool compressed = false, std::uint64_t time_ms = 0) {
    chunks.seal(type, compressed, time_ms, payload, file);
  }
};

/// So much of zeros as one frame with that window.
base::Bytes frame_of(std::size_t size, int window_log) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  REQUIRE_FALSE(ZSTD_isError(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log)));
  const base::Bytes zeros(size);
  base::Bytes out(ZSTD_compressBound(size));
  ZSTD_inBuffer in{zeros.data(), zeros.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  REQUIRE(ZSTD_compressStream2(context.get(), &to, &in, ZSTD_e_flush) == 0);
  out.resize(to.pos);
  return out;
}

/// Reads to the end or the first Error, as text.
std::string read_all(const base::Bytes& file) {
  auto reader = reader_of(file);
  for (;;) {
    const auto record = reader.next();
    if (!record) return record.error().describe();
    if (!record.value()) return "end";
  }
}

}  // namespace

TEST_CASE("a chunk that would decompress beyond its bound is refused") {
  Forge forge;
  const auto bomb = frame_of(200U << 20U, 18);
  REQUIRE(bomb.size() < 64U << 10U);
  forge.add(ChunkType::events, bomb, true);
  CHECK(read_all(forge.file).find("longer than a chunk") != std::string::npos);
}

TEST_CASE("a zstd window over the bound is refused") {
  Forge forge;
  forge.add(ChunkType::events, frame_of(1, 27), true);
  CHECK(read_all(forge.file).find("chunk 1 at byte") != std::string::npos);
}

TEST_CASE("records that lie about their lengths and kinds are refused with the chunk's name") {
  const std::vector<base::Bytes> bad{
      {99, 0, 0},                                                       // unknown kind
      {1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F},                          // output of 4 GiB
      {1, 0, 0, 5, 'a'},                                                // output that is not there
      {1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},  // varint of 70 bits
      {1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0},                          // channel over 32 bits
      {4, 0, 0, 9},                                                     // unknown channel kind
      {16, 0, 0, 1, 'a'},                                               // a command in an EVENTS chunk
      {5, 0, 0, 2},
      {3, 0, 0, 80},
  };
  for (const auto& plain : bad) {
    Forge forge;
    forge.add(ChunkType::events, plain);
    const auto text = read_all(forge.file);
    CAPTURE(text);
    CHECK(text.rfind("corrupt: chunk 1 at byte", 0) == 0);
    CHECK(verify_bytes(forge.file).state == RecordingState::tampered);
  }
}

TEST_CASE("reserved chunk types are passed over") {
  Forge forge;
  forge.add(ChunkType::keyframe, base::as_bytes("whatever"));
  forge.add(ChunkType::text, base::as_bytes("whatever"));
  CHECK(read_all(forge.file) == "end");
}

TEST_CASE("an END that counts otherwise, a META that is not first and a time that falls are found") {
  Forge wrong_end;
  wrong_end.add(ChunkType::end, encode_end(Totals{}));
  CHECK(verify_bytes(wrong_end.file).describe().find("END's totals") != std::string::npos);
  Forge meta;
  meta.add(ChunkType::meta, encode_meta({}).value());
  CHECK(verify_bytes(meta.file).describe().find("META") != std::string::npos);
  Forge time;
  time.add(ChunkType::text, {}, false, 10);
  time.add(ChunkType::text, {}, false, 9);
  CHECK(verify_bytes(time.file).describe().find("backwards") != std::string::npos);
  Forge checkpoint;
  checkpoint.add(ChunkType::checkpoint, encode_checkpoint({{0, {}}, {}}));
  CHECK(verify_bytes(checkpoint.file).describe().find("signed over another chunk") != std::string::npos);
  Forge ahead;
  ahead.add(ChunkType::checkpoint, encode_checkpoint({{1, {}}, {}}));
  CHECK(verify_bytes(ahead.file).describe().find("out of its reach") != std::string::npos);
}

TEST_CASE("a chunk that a holder of the key exchanged is found at the one that follows it") {
  // The same header, salt and keys: only the chain tells the two files apart.
  Forge made;
  made.add(ChunkType::text, base::as_bytes("what was seen"));
  const auto first = made.file.size();
  made.add(ChunkType::text, base::as_bytes("and then"));
  Forge other;
  other.add(ChunkType::text, base::as_bytes("what was said"));
  REQUIRE(other.file.size() == first);
  auto spliced = other.file;
  spliced.insert(spliced.end(), made.file.begin() + static_cast<std::ptrdiff_t>(first), made.file.end());
  const auto report = verify_bytes(spliced);
  CHECK(report.state == RecordingState::tampered);
  CHECK(report.finding->chunk == 2);
  CHECK(report.describe().find("chain") != std::string::npos);
}

TEST_CASE("END's root is compared") {
  Forge forge;
  Totals totals;
  totals.chunks = 1;
  totals.root = forge.chunks.root();
  Forge good;
  good.add(ChunkType::end, encode_end(totals));
  CHECK(verify_bytes(good.file).state == RecordingState::complete);
  totals.root[0] = static_cast<std::uint8_t>(totals.root[0] ^ 1U);
  forge.add(ChunkType::end, encode_end(totals));
  CHECK(verify_bytes(forge.file).describe().find("root") != std::string::npos);
}

TEST_CASE("the header is readable without the key, and nothing else is a recording") {
  const Sample sample;
  MemorySource source(sample.file);
  const auto header = read_header(source);
  REQUIRE(header);
  CHECK(header.value().session == session_id());
  for (const std::string text : {"", "SPREC", "#!/bin/sh\nexit 0\n#################################"}) {
    auto bytes = std::make_unique<OwnedSource>(base::to_bytes(text));
    CHECK_FALSE(Reader::open(std::move(bytes), key_of()));
  }
}
