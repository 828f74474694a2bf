#include "chunk_writer.hpp"

namespace sallyport::recorder {

ChunkWriter::ChunkWriter(const Salt& salt, base::ByteView header, base::SecretBytes data_key)
    : salt_(salt), ratchet_(std::move(data_key)), previous_(base::sha256(header)) {}

void ChunkWriter::seal(ChunkType type, bool compressed, std::uint64_t time_ms, base::ByteView payload,
                       base::Bytes& queue) {
  SALLYPORT_ENSURE(payload.size() + base::kTagSize <= kMaxSealed);
  const Clear clear{type,
                    compressed ? kFlagCompressed : std::uint8_t{0},
                    static_cast<std::uint32_t>(payload.size() + base::kTagSize),
                    ratchet_.segment(),
                    sequence_,
                    time_ms,
                    previous_};
  const auto clear_bytes = encode_clear(clear);
  const auto sealed = base::seal_with_nonce(ratchet_.chunk_key(), chunk_nonce(salt_, sequence_), payload, clear_bytes);
  queue.insert(queue.end(), clear_bytes.begin(), clear_bytes.end());
  queue.insert(queue.end(), sealed.begin(), sealed.end());
  previous_ = base::sha256(clear_bytes, sealed);
  merkle_.add(previous_);
  ++sequence_;
}

}  // namespace sallyport::recorder
