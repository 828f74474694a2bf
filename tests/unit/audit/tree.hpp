#pragma once
// The tree of RFC 6962's well-known test leaves (used by certificate-transparency implementations), and a slow root.
#include <array>
#include <string>
#include <vector>

#include "sallyport/audit/merkle.hpp"
#include "sallyport/audit/proof.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::audit::test {

inline const std::array<std::string, 8> kLeaves{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
inline const std::array<std::string, 8> kRoots{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                               "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                               "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                               "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                               "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                               "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                               "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

/// Leaf hashes in memory: the known eight first, then numbers.
class Leaves final : public LeafReader {
 public:
  explicit Leaves(std::uint64_t size) {
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto entry = i < kLeaves.size() ? base::unhex(kLeaves[i]).value() : base::to_bytes(std::to_string(i));
      hashes.push_back(leaf_hash(entry));
    }
  }
  base::Result<Digest> leaf(std::uint64_t index) override {
    if (index >= hashes.size()) return base::fail(base::Errc::not_found, "no such leaf");
    return hashes[index];
  }
  std::vector<Digest> hashes;
};

/// RFC 6962, 2.1, word by word.
inline Digest slow_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return node_hash(slow_root(leaves.first(k)), slow_root(leaves.subspan(k)));
}

}  // namespace sallyport::audit::test
