#pragma once
// Inclusion and consistency proofs: RFC 6962 section 2.1.1 and 2.1.2; verification as in RFC 9162 section 2.1.3
// and 2.1.4.
#include <cstdint>
#include <vector>

#include "sallyport/audit/merkle.hpp"

namespace sallyport::audit {

/// Gives hashes of a tree that it does not describe. Implemented over a table, a file or an array.
class NodeReader {
 public:
  virtual ~NodeReader() = default;
  /// The root of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level); level 0 is a leaf hash.
  virtual base::Result<Digest> node(unsigned level, std::uint64_t index) = 0;
};

/// For stores that keep leaf hashes only: higher nodes are computed from them, in time proportional to the leaves
/// below.
class LeafReader : public NodeReader {
 public:
  virtual base::Result<Digest> leaf(std::uint64_t index) = 0;
  base::Result<Digest> node(unsigned level, std::uint64_t index) final;
};

using Proof = std::vector<Digest>;

/// The root of the first `size` leaves.
base::Result<Digest> tree_root(NodeReader& tree, std::uint64_t size);
/// That leaf `index` is in the tree of `size` leaves. Errc::invalid unless index < size.
base::Result<Proof> inclusion_proof(NodeReader& tree, std::uint64_t index, std::uint64_t size);
/// Errc::corrupt unless the proof leads from the leaf to the root.
base::Result<> verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size, const Proof& proof,
                                const Digest& root);
/// That the tree of `old_size` leaves is a prefix of the tree of `size`. Errc::invalid unless 0 < old_size <= size.
base::Result<Proof> consistency_proof(NodeReader& tree, std::uint64_t old_size, std::uint64_t size);
base::Result<> verify_consistency(std::uint64_t old_size, const Digest& old_root, std::uint64_t size,
                                  const Digest& root, const Proof& proof);

}  // namespace sallyport::audit
