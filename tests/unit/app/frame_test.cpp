#include "sallyport/app/frame.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace sallyport::app;
using sallyport::base::Bytes;
using sallyport::base::ByteView;
using sallyport::base::Errc;
using sallyport::base::SecretBytes;

namespace {

Bytes encoded(const Frame& frame) {
  const auto header = encode_header(frame);
  Bytes bytes(header.begin(), header.end());
  const ByteView payload = frame.payload.view();
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

/// Feeds in steps of at most `step` and collects what comes out.
sallyport::base::Result<std::vector<Frame>> decode(FrameDecoder& decoder, ByteView bytes, std::size_t step) {
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    const auto space = decoder.space();
    REQUIRE_FALSE(space.empty());
    const std::size_t count = std::min({space.size(), step, bytes.size()});
    std::copy_n(bytes.begin(), count, space.begin());
    bytes = bytes.subspan(count);
    auto frame = decoder.filled(count);
    if (!frame) return frame.error();
    if (frame.value()) frames.push_back(std::move(*frame.value()));
  }
  return frames;
}

Frame request(std::uint64_t id, std::size_t size) {
  return {FrameType::request, id, 2, Payload(Bytes(size, static_cast<std::uint8_t>(id)))};
}

}  // namespace

TEST_CASE("the example of docs/vault_socket.md is what the code writes") {
  CHECK(encoded({FrameType::request, 1, 2, {}}) == Bytes{0, 0, 0, 11, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2});
  CHECK(encoded(error_reply(1, sallyport::base::fail(Errc::sealed, "open"))) ==
        Bytes{0, 0, 0, 15, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 'o', 'p', 'e', 'n'});
}

TEST_CASE("frames come out as they went in, however the stream is cut") {
  Bytes stream;
  const std::vector<std::size_t> sizes{0, 1, 14, 15, 16, 1000, 0};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Bytes one = encoded(request(i + 1, sizes[i]));
    stream.insert(stream.end(), one.begin(), one.end());
  }
  const auto step = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{15}, std::size_t{4096});
  FrameDecoder decoder(kMaxRequest);
  const auto frames = decode(decoder, stream, step);
  REQUIRE(frames);
  REQUIRE(frames.value().size() == sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    CHECK(frames.value()[i].id == i + 1);
    CHECK(frames.value()[i].code == 2);
    CHECK(frames.value()[i].payload.size() == sizes[i]);
  }
  CHECK(decoder.buffered() == 0);
}

TEST_CASE("a payload over the peer's bound is refused by its header alone") {
  FrameDecoder decoder(100);
  CHECK(decode(decoder, encoded(request(1, 100)), 4096));
  const Bytes over = encoded(request(2, 101));
  const auto refused = decode(decoder, ByteView(over).first(kFrameHeader), 4096);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::limit);
  CHECK(decoder.buffered() == 0);
}

TEST_CASE("a length of the whole number range asks for no memory") {
  FrameDecoder decoder(kMaxFramePayload);
  const auto refused = decode(decoder, Bytes{255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}, 15);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::limit);
}

TEST_CASE("a length shorter than a header, and an unknown type, are invalid") {
  FrameDecoder first(kMaxRequest);
  const auto shorter = decode(first, Bytes{0, 0, 0, 10, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}, 15);
  REQUIRE_FALSE(shorter);
  CHECK(shorter.error().code() == Errc::invalid);
  FrameDecoder second(kMaxRequest);
  const auto unknown = decode(second, Bytes{0, 0, 0, 11, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}, 15);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code() == Errc::invalid);
}

TEST_CASE("what may hold a secret is received into locked memory, a long listing is not") {
  FrameDecoder decoder(kMaxFramePayload);
  auto frames = decode(decoder, encoded(request(1, Payload::kMaxSecretPayload)), 65536);
  REQUIRE(frames);
  CHECK(frames.value().at(0).payload.locked());
  frames = decode(decoder, encoded(request(2, Payload::kMaxSecretPayload + 1)), 65536);
  REQUIRE(frames);
  CHECK_FALSE(frames.value().at(0).payload.locked());
}

TEST_CASE("a failed reply gives the vault's own error back") {
  auto result = reply_result(error_reply(9, sallyport::base::fail(Errc::locked_out, "too many codes")));
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == Errc::locked_out);
  CHECK(result.error().context() == "too many codes");
  auto good = reply_result({FrameType::reply, 9, 0, Payload(Bytes{1, 2})});
  REQUIRE(good);
  CHECK(good.value().size() == 2);
  CHECK_FALSE(reply_result({FrameType::reply, 9, 9999, {}}));
  CHECK_FALSE(reply_result({FrameType::push, 0, 0, {}}));
}
