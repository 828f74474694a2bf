#pragma once
// The keys of a recording's segments, one after the other and never back. docs/recording_format.md, "Keys and nonces".
#include <cstdint>

#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::recorder {

base::SecretBytes header_key(const base::SecretBytes& data_key);

/// Holds the running segment's chunk key and the ratchet of the next one; what came before is wiped.
class Ratchet {
 public:
  /// At segment 0. Takes the data key and wipes it.
  explicit Ratchet(base::SecretBytes data_key);
  void advance();
  const base::SecretBytes& chunk_key() const noexcept { return chunk_key_; }
  /// What else a writer holds: the ratchet of the segment that follows.
  const base::SecretBytes& next() const noexcept { return next_; }
  std::uint32_t segment() const noexcept { return segment_; }

 private:
  void enter();

  base::SecretBytes next_;  ///< before enter(): the ratchet of `segment_`; after it: of the segment that follows
  base::SecretBytes chunk_key_;
  std::uint32_t segment_ = 0;
};

}  // namespace sallyport::recorder
