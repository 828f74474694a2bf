#pragma once
// Turns payloads into sealed chunks of one chain. Knows no time and no file.
#include "framing.hpp"
#include "merkle.hpp"
#include "ratchet.hpp"

namespace sallyport::recorder {

class ChunkWriter {
 public:
  ChunkWriter(const Salt& salt, base::ByteView header, base::SecretBytes data_key);

  /// Appends one chunk to `queue`.
  void seal(ChunkType type, bool compressed, std::uint64_t time_ms, base::ByteView payload, base::Bytes& queue);
  /// Later chunks belong to the next segment; the key of this one is wiped.
  void next_segment() { ratchet_.advance(); }

  std::uint64_t chunks() const noexcept { return sequence_; }
  /// The last chunk. Only after the first.
  Mark last() const noexcept { return {sequence_ - 1, previous_}; }
  base::Digest root() const { return merkle_.root(); }

 private:
  Salt salt_;
  Ratchet ratchet_;
  MerkleRoot merkle_;
  base::Digest previous_;
  std::uint64_t sequence_ = 0;
};

}  // namespace sallyport::recorder
