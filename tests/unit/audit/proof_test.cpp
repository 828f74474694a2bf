#include "sallyport/audit/proof.hpp"

#include "support/catch.hpp"
#include "tree.hpp"

using namespace sallyport;
using namespace sallyport::audit;
using sallyport::audit::test::Leaves;

namespace {

std::vector<std::string> in_hex(const Proof& proof) {
  std::vector<std::string> out;
  for (const auto& hash : proof) out.push_back(base::hex(hash));
  return out;
}

Digest root_at(const Leaves& leaves, std::uint64_t size) {
  return test::slow_root(std::span(leaves.hashes).first(size));
}

}  // namespace

TEST_CASE("proofs are those known from certificate transparency") {
  Leaves leaves(8);
  const std::vector<std::string> path{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"};
  CHECK(in_hex(inclusion_proof(leaves, 0, 8).value()) == path);
  CHECK(in_hex(consistency_proof(leaves, 1, 8).value()) == path);
  CHECK(in_hex(consistency_proof(leaves, 6, 8).value()) ==
        std::vector<std::string>{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
  CHECK(in_hex(consistency_proof(leaves, 2, 5).value()) ==
        std::vector<std::string>{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                 "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"});
}

TEST_CASE("every leaf of every size has an inclusion proof that verifies, and for no other leaf, size or root") {
  Leaves leaves(20);
  for (std::uint64_t size = 1; size <= 20; ++size) {
    const auto root = root_at(leaves, size);
    REQUIRE(tree_root(leaves, size).value() == root);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(leaves, index, size).value();
      REQUIRE(verify_inclusion(leaves.hashes[index], index, size, proof, root));
      REQUIRE(!verify_inclusion(leaf_hash(base::as_bytes("other")), index, size, proof, root));
      REQUIRE(!verify_inclusion(leaves.hashes[index], index, size, proof, empty_root()));
      if (size > 1) REQUIRE(!verify_inclusion(leaves.hashes[index], (index + 1) % size, size, proof, root));
      auto longer = proof;
      longer.push_back(root);
      REQUIRE(!verify_inclusion(leaves.hashes[index], index, size, longer, root));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        auto bent = proof;
        bent[i][0] ^= 1U;
        REQUIRE(!verify_inclusion(leaves.hashes[index], index, size, bent, root));
      }
    }
  }
}

TEST_CASE("every pair of sizes has a consistency proof that verifies, and no bent one does") {
  Leaves leaves(20);
  for (std::uint64_t size = 1; size <= 20; ++size) {
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const auto old_root = root_at(leaves, old_size);
      const auto root = root_at(leaves, size);
      const auto proof = consistency_proof(leaves, old_size, size).value();
      REQUIRE(verify_consistency(old_size, old_root, size, root, proof));
      REQUIRE(!verify_consistency(old_size, empty_root(), size, root, proof));
      REQUIRE(!verify_consistency(old_size, old_root, size, empty_root(), proof));
      if (!proof.empty()) {
        REQUIRE(!verify_consistency(old_size, old_root, size, root, Proof(proof.begin(), proof.end() - 1)));
      }
      for (std::size_t i = 0; i < proof.size(); ++i) {
        auto bent = proof;
        bent[i][31] ^= 0x80U;
        REQUIRE(!verify_consistency(old_size, old_root, size, root, bent));
      }
    }
  }
}

TEST_CASE("proofs of what is not in the tree are refused") {
  Leaves leaves(4);
  CHECK(inclusion_proof(leaves, 4, 4).error().code() == base::Errc::invalid);
  CHECK(consistency_proof(leaves, 0, 4).error().code() == base::Errc::invalid);
  CHECK(consistency_proof(leaves, 5, 4).error().code() == base::Errc::invalid);
  CHECK(!verify_inclusion(leaves.hashes[0], 0, 0, {}, empty_root()));
  CHECK(!verify_consistency(2, root_at(leaves, 2), 4, root_at(leaves, 4), {}));
}
