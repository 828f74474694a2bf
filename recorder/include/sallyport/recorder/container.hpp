#pragma once
// The words of the recording file that writer, reader and callers share. The format: docs/recording_format.md.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/base/ids.hpp"

namespace sallyport::recorder {

inline constexpr std::uint16_t kFormatVersion = 2;  ///< what is written
inline constexpr std::uint16_t kOldestVersion = 1;  ///< what is still read
inline constexpr std::size_t kClearSize = 64;       ///< bytes of a chunk's clear header
inline constexpr std::size_t kSaltSize = 16;
inline constexpr std::size_t kMaxHeader = 32U << 10U;   ///< the file header's body
inline constexpr std::size_t kMaxPlain = 256U << 10U;   ///< a chunk's plaintext, decompressed
inline constexpr std::size_t kMaxSealed = 384U << 10U;  ///< a chunk's ciphertext and tag
inline constexpr std::size_t kMaxWrappedKey = 4096;
inline constexpr std::size_t kMaxRecipients = 16;
inline constexpr std::size_t kMaxKeyId = 64;
inline constexpr std::size_t kMaxSealedKey = 512;
inline constexpr std::size_t kMaxMetaFields = 64;
inline constexpr std::size_t kMaxMetaText = 4096;
inline constexpr std::size_t kMaxCommand = 128U << 10U;
inline constexpr std::size_t kMaxPath = 4096;
inline constexpr std::size_t kMaxDetail = 256;            ///< of a file event
inline constexpr std::size_t kMaxSentence = 256;          ///< reasons of END and GAP
inline constexpr std::uint64_t kCheckpointReach = 65536;  ///< a CHECKPOINT names a chunk at most so far back

enum class ChunkType : std::uint8_t {
  meta = 1,
  keyframe = 2,
  events = 3,
  text = 4,
  command = 5,
  file = 6,
  checkpoint = 7,
  gap = 8,
  end = 9
};

/// A place in the chain: this chunk, with this hash. What checkpoints sign and the audit log keeps.
struct Mark {
  std::uint64_t sequence = 0;
  base::Digest hash{};
  friend bool operator==(const Mark&, const Mark&) = default;
};

/// The exact bytes that the vault signs (Ed25519) for a checkpoint.
base::Bytes checkpoint_message(const base::SessionId& session, const Mark& mark);

/// The data key sealed to somebody's public key: both opaque to the recorder.
struct Recipient {
  std::string key_id;
  base::Bytes sealed_key;
  friend bool operator==(const Recipient&, const Recipient&) = default;
};

/// The file header's content.
struct Header {
  base::SessionId session;
  base::WallTime started;
  base::Bytes wrapped_key;
  std::vector<Recipient> recipients;
};

/// Names and values that describe the session (user, account, target, reason, client ...), sealed in chunk 0.
using Meta = std::vector<std::pair<std::string, std::string>>;

enum class EndReason : std::uint8_t {
  closed = 1,  ///< the client or the target closed it
  limit = 2,   ///< time, idle or size limit
  ended = 3,   ///< the vault or a person ended it
  vault_lost = 4,
  error = 5,
};

enum class GapReason : std::uint8_t { policy = 1, redaction = 2, other = 3 };

/// Words for people and JSON.
std::string_view to_string(ChunkType type) noexcept;
std::string_view to_string(EndReason reason) noexcept;
std::string_view to_string(GapReason reason) noexcept;

/// What END says, and what the audit log should keep of it.
struct Totals {
  std::uint64_t chunks = 0;  ///< before END
  std::uint64_t duration_ms = 0;
  std::uint64_t output_bytes = 0;  ///< to the client
  std::uint64_t input_bytes = 0;   ///< to the target, counted only
  std::uint64_t files = 0;
  std::uint64_t gaps = 0;
  base::Digest root{};  ///< Merkle root of the chunks before END
  EndReason reason = EndReason::closed;
  std::string text;
  friend bool operator==(const Totals&, const Totals&) = default;
};

}  // namespace sallyport::recorder
