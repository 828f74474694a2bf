#pragma once
// Frames on the vault's Unix socket (docs/vault_socket.md), as values: no socket in here.
//   u32 length of what follows | u8 type | u64 id | u16 code | payload
#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

enum class FrameType : std::uint8_t { request = 1, reply = 2, push = 3 };

inline constexpr std::size_t kFrameHeader = 15;                  ///< the length field and the three after it
inline constexpr std::size_t kMaxFrame = 1U << 20U;              ///< bound of the length field
inline constexpr std::size_t kMaxFramePayload = kMaxFrame - 11;  ///< what a reply or push may carry
inline constexpr std::size_t kMaxRequest = 64U << 10U;           ///< what any request may carry
inline constexpr std::size_t kMaxSessionRequest = 16U << 10U;    ///< what a session's child may send

/// What a frame carries, or a web answer. Locked memory up to kMaxSecretPayload, where a secret may be in it; ordinary
/// memory for what is longer: listings, which hold no secret. encode() keeps to that; an answer in JSON, which writes
/// some bytes as six, may be longer and is locked all the same.
class Payload {
 public:
  static constexpr std::size_t kMaxSecretPayload = 64U << 10U;

  Payload() = default;
  Payload(base::SecretBytes secret);  // NOLINT(google-explicit-constructor): both kinds are payloads as they are
  Payload(base::Bytes plain);         // NOLINT(google-explicit-constructor)

  base::ByteView view() const noexcept;
  std::size_t size() const noexcept { return view().size(); }
  bool empty() const noexcept { return view().empty(); }
  bool locked() const noexcept { return std::holds_alternative<base::SecretBytes>(bytes_); }
  base::MutableByteView view_mutable() noexcept;
  /// As secret bytes: moved out if they are, else copied (bounded as above).
  base::SecretBytes take_secret() &&;

 private:
  std::variant<base::SecretBytes, base::Bytes> bytes_;
};

struct Frame {
  FrameType type = FrameType::request;
  std::uint64_t id = 0;  ///< request: chosen by the asker; reply: the same; push: 0
  std::uint16_t code =
      0;  ///< request and push: OperationId; reply: 0, or the Errc of the failure (payload: its sentence)
  Payload payload;
};

/// A reply that says why not. The sentence is cut to 1 KiB.
Frame error_reply(std::uint64_t id, const base::Error& error);
/// The value or the Error in a reply.
base::Result<Payload> reply_result(Frame&& reply);

/// The first 15 bytes of a frame; the payload follows as it is. The payload must be within kMaxFramePayload.
std::array<std::uint8_t, kFrameHeader> encode_header(const Frame& frame);

/// Puts frames together from whatever pieces arrive, without ever asking for a byte of the next one. One owner.
class FrameDecoder {
 public:
  /// Payloads over `max_payload` are refused before memory is taken for them.
  explicit FrameDecoder(std::size_t max_payload) noexcept : max_payload_(max_payload) {}

  /// Where the next bytes belong: the rest of a header, or of a payload in its own memory. Never empty.
  base::MutableByteView space() noexcept;
  /// The first `count` bytes of space() were filled. A frame, or nothing yet; Errc::invalid or Errc::limit when the
  /// stream can't be followed any further.
  base::Result<std::optional<Frame>> filled(std::size_t count);
  /// Bytes held for the unfinished frame: for the bound over all peers.
  std::size_t buffered() const noexcept { return frame_ ? frame_->payload.size() : 0; }
  /// Another bound, from the next frame on.
  void set_max_payload(std::size_t bound) noexcept { max_payload_ = bound; }

 private:
  base::Result<Frame> read_header() const;

  std::size_t max_payload_;
  std::array<std::uint8_t, kFrameHeader> header_{};
  std::size_t have_ = 0;        // bytes of the header, then of the payload
  std::optional<Frame> frame_;  // set while its payload is being filled
};

}  // namespace sallyport::app
