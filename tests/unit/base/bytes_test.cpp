#include "sallyport/base/bytes.hpp"

#include "support/catch.hpp"

using namespace sallyport::base;

TEST_CASE("what a writer wrote, a reader reads", "[bytes]") {
  const auto bytes = Writer().u8(0xAB).u16(0x1234).u32(0xDEADBEEF).u64(0x0123456789ABCDEF).block("text").take();
  Reader reader(bytes);
  CHECK(reader.u8().value() == 0xAB);
  CHECK(reader.u16().value() == 0x1234);
  CHECK(reader.u32().value() == 0xDEADBEEF);
  CHECK(reader.u64().value() == 0x0123456789ABCDEF);
  CHECK(reader.text(4).value() == "text");
  CHECK(reader.end());
}

TEST_CASE("a reader never reads past the end, wherever the bytes are cut", "[bytes]") {
  const auto whole = Writer().u32(7).block("seven").u64(1).take();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Reader reader(ByteView(whole).first(size));
    const bool all = reader.u32() && reader.block(100) && reader.u64();
    CHECK_FALSE(all);
  }
}

TEST_CASE("a length over the bound is refused and nothing is consumed", "[bytes]") {
  const auto bytes = Writer().block("longer than four").take();
  Reader reader(bytes);
  const auto read = reader.block(4);
  REQUIRE_FALSE(read);
  CHECK(read.error().code() == Errc::limit);
  CHECK(reader.remaining() == bytes.size());
}

TEST_CASE("a length that lies is refused", "[bytes]") {
  const auto bytes = Writer().u32(0xFFFFFFFF).u8(1).take();
  CHECK_FALSE(Reader(bytes).block(SIZE_MAX));
}

TEST_CASE("bytes after the end are an error", "[bytes]") {
  const auto bytes = Writer().u8(1).u8(2).take();
  Reader reader(bytes);
  REQUIRE(reader.u8());
  CHECK_FALSE(reader.end());
}
