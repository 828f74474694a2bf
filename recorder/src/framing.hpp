#pragma once
// The fixed parts of the file: its header, the clear header of a chunk, and the bodies of META, CHECKPOINT, GAP and
// END.
#include <array>

#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::recorder {

inline constexpr std::size_t kEndPlain = 512;
inline constexpr std::size_t kHeaderPrefix = 16;  ///< magic, version, flags, length of the body
using Salt = std::array<std::uint8_t, kSaltSize>;
using ClearBytes = std::array<std::uint8_t, kClearSize>;

/// A header as it stands in a file.
struct FileHeader {
  Header content;
  Salt salt{};
};

/// Errc::invalid for fields over their bounds. The MAC is appended.
base::Result<base::Bytes> encode_header(const FileHeader& header, const base::SecretBytes& data_key);
/// Of the header that starts with these kHeaderPrefix bytes: its whole size, MAC included.
base::Result<std::size_t> header_size(base::ByteView prefix);
/// `bytes` is the whole header, MAC included; a null key leaves the MAC unchecked.
base::Result<FileHeader> decode_header(base::ByteView bytes, const base::SecretBytes* data_key);

inline constexpr std::uint8_t kFlagCompressed = 1;

struct Clear {
  ChunkType type = ChunkType::events;
  std::uint8_t flags = 0;
  std::uint32_t sealed_size = 0;
  std::uint32_t segment = 0;
  std::uint64_t sequence = 0;
  std::uint64_t time_ms = 0;
  base::Digest previous{};
};
ClearBytes encode_clear(const Clear& clear);
/// Errc::corrupt with a sentence for whatever cannot stand there.
base::Result<Clear> decode_clear(base::ByteView bytes);

std::array<std::uint8_t, base::kNonceSize> chunk_nonce(const Salt& salt, std::uint64_t sequence);

base::Result<base::Bytes> encode_meta(const Meta& meta);
base::Result<Meta> decode_meta(base::ByteView plain);
base::Bytes encode_checkpoint(const CheckpointRecord& checkpoint);
base::Result<CheckpointRecord> decode_checkpoint(base::ByteView plain);
base::Bytes encode_gap(const GapRecord& gap);
base::Result<GapRecord> decode_gap(base::ByteView plain);
base::Bytes encode_end(const Totals& totals);
base::Result<Totals> decode_end(base::ByteView plain);

}  // namespace sallyport::recorder
