#include "sallyport/audit/proof.hpp"

#include <bit>

namespace sallyport::audit {
namespace {

using base::Errc;

/// The largest power of two smaller than `size` (RFC 6962: k). size > 1.
std::uint64_t split_of(std::uint64_t size) { return std::bit_floor(size - 1); }

/// Leaves [first, first + count) of a tree; `first` is a multiple of count's next power of two, as RFC 6962 splits.
struct Range {
  std::uint64_t first;
  std::uint64_t count;
};

base::Result<Digest> root_of(NodeReader& tree, Range range) {
  if (range.count == 0) return empty_root();
  if (std::has_single_bit(range.count)) {
    const auto level = static_cast<unsigned>(std::countr_zero(range.count));
    return tree.node(level, range.first >> level);
  }
  const auto k = split_of(range.count);
  SALLYPORT_TRY(auto left, root_of(tree, {range.first, k}));
  SALLYPORT_TRY(auto right, root_of(tree, {range.first + k, range.count - k}));
  return node_hash(left, right);
}

/// RFC 6962, 2.1.1: PATH(m, D[n]).
base::Result<> add_path(NodeReader& tree, std::uint64_t index, Range range, Proof& out) {
  if (range.count <= 1) return base::ok();
  const auto k = split_of(range.count);
  const Range left{range.first, k};
  const Range right{range.first + k, range.count - k};
  const bool goes_left = index < k;
  SALLYPORT_TRYV(add_path(tree, goes_left ? index : index - k, goes_left ? left : right, out));
  SALLYPORT_TRY(auto sibling, root_of(tree, goes_left ? right : left));
  out.push_back(sibling);
  return base::ok();
}

/// RFC 6962, 2.1.2: SUBPROOF(m, D[n], b). `whole`: the old tree's root is known to the verifier.
base::Result<> add_subproof(NodeReader& tree, std::uint64_t old_size, Range range, bool whole, Proof& out) {
  if (old_size == range.count) {
    if (whole) return base::ok();
    SALLYPORT_TRY(auto root, root_of(tree, range));
    out.push_back(root);
    return base::ok();
  }
  const auto k = split_of(range.count);
  const Range left{range.first, k};
  const Range right{range.first + k, range.count - k};
  const bool in_left = old_size <= k;
  SALLYPORT_TRYV(add_subproof(tree, in_left ? old_size : old_size - k, in_left ? left : right, in_left && whole, out));
  SALLYPORT_TRY(auto sibling, root_of(tree, in_left ? right : left));
  out.push_back(sibling);
  return base::ok();
}

base::Error wrong(const char* what) { return base::fail(Errc::corrupt, std::string(what) + " proof does not verify"); }

/// RFC 9162, 2.1.3.2 and 2.1.4.2 share this walk: `fn` and `sn` are the node's and the last node's index on a level.
class Walk {
 public:
  Walk(std::uint64_t fn, std::uint64_t sn) : fn_(fn), sn_(sn) {}
  bool at_top() const { return sn_ == 0; }
  /// Is the next hash of the proof the left sibling? Then both trees take it in; else the larger alone.
  bool takes_left() const { return (fn_ & 1U) != 0 || fn_ == sn_; }
  void step() {
    if (takes_left()) skip_single();
    up();
  }
  void up() {
    fn_ >>= 1U;
    sn_ >>= 1U;
  }
  bool odd() const { return (fn_ & 1U) != 0; }

 private:
  /// A node without a sibling stands for itself on the levels above.
  void skip_single() {
    while ((fn_ & 1U) == 0 && fn_ != 0) up();
  }
  std::uint64_t fn_;
  std::uint64_t sn_;
};

}  // namespace

base::Result<Digest> LeafReader::node(unsigned level, std::uint64_t index) {
  if (level == 0) return leaf(index);
  SALLYPORT_TRY(auto left, node(level - 1, index * 2));
  SALLYPORT_TRY(auto right, node(level - 1, index * 2 + 1));
  return node_hash(left, right);
}

base::Result<Digest> tree_root(NodeReader& tree, std::uint64_t size) { return root_of(tree, {0, size}); }

base::Result<Proof> inclusion_proof(NodeReader& tree, std::uint64_t index, std::uint64_t size) {
  if (index >= size) return base::fail(Errc::invalid, "the log has no entry of that index");
  Proof proof;
  SALLYPORT_TRYV(add_path(tree, index, {0, size}, proof));
  return proof;
}

base::Result<> verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size, const Proof& proof,
                                const Digest& root) {
  if (index >= size) return base::fail(Errc::invalid, "the log has no entry of that index");
  Walk walk(index, size - 1);
  Digest hash = leaf;
  for (const auto& sibling : proof) {
    if (walk.at_top()) return wrong("inclusion");
    hash = walk.takes_left() ? node_hash(sibling, hash) : node_hash(hash, sibling);
    walk.step();
  }
  if (!walk.at_top() || hash != root) return wrong("inclusion");
  return base::ok();
}

base::Result<Proof> consistency_proof(NodeReader& tree, std::uint64_t old_size, std::uint64_t size) {
  if (old_size == 0 || old_size > size)
    return base::fail(Errc::invalid, "the older log must be smaller, and not empty");
  Proof proof;
  SALLYPORT_TRYV(add_subproof(tree, old_size, {0, size}, true, proof));
  return proof;
}

base::Result<> verify_consistency(std::uint64_t old_size, const Digest& old_root, std::uint64_t size,
                                  const Digest& root, const Proof& proof) {
  if (old_size == 0 || old_size > size)
    return base::fail(Errc::invalid, "the older log must be smaller, and not empty");
  if (old_size == size) {
    if (!proof.empty() || old_root != root) return wrong("consistency");
    return base::ok();
  }
  // A perfect old tree is itself the first node of the path, and is left out of the proof.
  const bool perfect = std::has_single_bit(old_size);
  if (proof.size() < (perfect ? 0U : 1U)) return wrong("consistency");
  Walk walk(old_size - 1, size - 1);
  while (walk.odd()) walk.up();
  Digest old_hash = perfect ? old_root : proof.front();
  Digest hash = old_hash;
  for (std::size_t i = perfect ? 0 : 1; i < proof.size(); ++i) {
    if (walk.at_top()) return wrong("consistency");
    if (walk.takes_left()) old_hash = node_hash(proof[i], old_hash);
    hash = walk.takes_left() ? node_hash(proof[i], hash) : node_hash(hash, proof[i]);
    walk.step();
  }
  if (!walk.at_top() || old_hash != old_root || hash != root) return wrong("consistency");
  return base::ok();
}

}  // namespace sallyport::audit
