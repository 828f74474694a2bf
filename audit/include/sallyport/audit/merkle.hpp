#pragma once
// The Merkle tree of RFC 6962, section 2.1, grown one leaf at a time.
#include <cstdint>
#include <span>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/hash.hpp"

namespace sallyport::audit {

using base::Digest;

Digest leaf_hash(base::ByteView entry);                     ///< SHA-256(0x00 || entry)
Digest node_hash(const Digest& left, const Digest& right);  ///< SHA-256(0x01 || left || right)
Digest empty_root();                                        ///< SHA-256("")

/// The right edge of the tree: the roots of its perfect subtrees, largest first, one for each 1 bit of size().
/// All that is needed to go on appending; 32 bytes a bit. A plain value; one owner.
class Frontier {
 public:
  void append(const Digest& leaf);
  void append(std::span<const Digest> leaves);
  std::uint64_t size() const noexcept { return size_; }
  Digest root() const;

  /// u64 size, then the subtree roots.
  base::Bytes encode() const;
  /// Errc::corrupt unless the number of roots is the one that the size needs.
  static base::Result<Frontier> decode(base::ByteView bytes);

  friend bool operator==(const Frontier&, const Frontier&) = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> roots_;
};

}  // namespace sallyport::audit
