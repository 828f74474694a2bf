#include "sallyport/app/frame.hpp"

#include <algorithm>

namespace sallyport::app {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::MutableByteView;
using base::Result;
using base::SecretBytes;

namespace {

constexpr std::size_t kAfterLength = kFrameHeader - 4;
constexpr std::size_t kMaxSentence = 1024;

Payload make_payload(std::size_t size) {
  if (size == 0) return {};
  if (size <= Payload::kMaxSecretPayload) return SecretBytes(size);
  return Bytes(size);
}

bool is_frame_type(std::uint8_t type) noexcept { return type >= 1 && type <= 3; }

}  // namespace

Payload::Payload(SecretBytes secret) : bytes_(std::move(secret)) {}
Payload::Payload(Bytes plain) : bytes_(std::move(plain)) {}

ByteView Payload::view() const noexcept {
  if (const auto* secret = std::get_if<SecretBytes>(&bytes_)) return secret->expose();
  return std::get<Bytes>(bytes_);
}

MutableByteView Payload::view_mutable() noexcept {
  if (auto* secret = std::get_if<SecretBytes>(&bytes_)) return secret->expose_mutable();
  return std::get<Bytes>(bytes_);
}

SecretBytes Payload::take_secret() && {
  if (auto* secret = std::get_if<SecretBytes>(&bytes_)) return std::move(*secret);
  return SecretBytes::copy(view());
}

Frame error_reply(std::uint64_t id, const base::Error& error) {
  const std::string_view sentence = std::string_view(error.context()).substr(0, kMaxSentence);
  return {FrameType::reply, id, static_cast<std::uint16_t>(error.code()), base::to_bytes(sentence)};
}

Result<Payload> reply_result(Frame&& reply) {
  if (reply.type != FrameType::reply) return fail(Errc::invalid, "the vault sent a frame that is no reply");
  if (reply.code == 0) return std::move(reply.payload);
  if (reply.code > static_cast<std::uint16_t>(Errc::internal))
    return fail(Errc::invalid, "the vault's reply has an unknown code");
  const ByteView text = reply.payload.view().first(std::min(reply.payload.size(), kMaxSentence));
  return fail(static_cast<Errc>(reply.code), std::string(base::as_text(text)));
}

std::array<std::uint8_t, kFrameHeader> encode_header(const Frame& frame) {
  SALLYPORT_ENSURE(frame.payload.size() <= kMaxFramePayload);
  base::Writer writer;
  writer.u32(static_cast<std::uint32_t>(frame.payload.size() + kAfterLength));
  writer.u8(static_cast<std::uint8_t>(frame.type)).u64(frame.id).u16(frame.code);
  std::array<std::uint8_t, kFrameHeader> header{};
  std::copy(writer.bytes().begin(), writer.bytes().end(), header.begin());
  return header;
}

MutableByteView FrameDecoder::space() noexcept {
  return (frame_ ? frame_->payload.view_mutable() : MutableByteView(header_)).subspan(have_);
}

Result<Frame> FrameDecoder::read_header() const {
  base::Reader reader(header_);
  SALLYPORT_TRY(const auto length, reader.u32());
  SALLYPORT_TRY(const auto type, reader.u8());
  SALLYPORT_TRY(const auto id, reader.u64());
  SALLYPORT_TRY(const auto code, reader.u16());
  if (length < kAfterLength) return fail(Errc::invalid, "frame: shorter than its own header");
  if (!is_frame_type(type)) return fail(Errc::invalid, "frame: unknown type");
  if (length - kAfterLength > max_payload_) return fail(Errc::limit, "frame: longer than this peer may send");
  return base::within_memory([&]() -> Result<Frame> {
    return Frame{static_cast<FrameType>(type), id, code, make_payload(length - kAfterLength)};
  });
}

Result<std::optional<Frame>> FrameDecoder::filled(std::size_t count) {
  SALLYPORT_ENSURE(count <= space().size());
  have_ += count;
  if (!frame_) {
    if (have_ < kFrameHeader) return std::nullopt;
    SALLYPORT_TRY(frame_, read_header());
    have_ = 0;
  }
  if (have_ < frame_->payload.size()) return std::nullopt;
  std::optional<Frame> whole = std::move(frame_);
  frame_.reset();
  have_ = 0;
  return whole;
}

}  // namespace sallyport::app
