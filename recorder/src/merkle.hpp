#pragma once
// A Merkle root (RFC 6962 section 2.1) over leaves that come one by one, in memory of log2(leaves).
#include <cstdint>
#include <vector>

#include "sallyport/base/hash.hpp"

namespace sallyport::recorder {

class MerkleRoot {
 public:
  void add(const base::Digest& leaf_data);
  /// Of what was added so far; SHA-256 of nothing for no leaf.
  base::Digest root() const;

 private:
  std::vector<base::Digest> peaks_;  ///< roots of full subtrees, the largest first
  std::uint64_t leaves_ = 0;
};

}  // namespace sallyport::recorder
