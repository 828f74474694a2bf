#include "merkle.hpp"

#include <algorithm>

namespace sallyport::recorder {
namespace {

base::Digest node(const base::Digest& left, const base::Digest& right) {
  std::array<std::uint8_t, 65> bytes{};
  bytes[0] = 1;
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 33);
  return base::sha256(bytes);
}

}  // namespace

void MerkleRoot::add(const base::Digest& leaf_data) {
  const std::array<std::uint8_t, 1> prefix{0};
  base::Digest carry = base::sha256(prefix, leaf_data);
  for (std::uint64_t count = leaves_; (count & 1U) != 0; count >>= 1U) {
    carry = node(peaks_.back(), carry);
    peaks_.pop_back();
  }
  peaks_.push_back(carry);
  ++leaves_;
}

base::Digest MerkleRoot::root() const {
  if (peaks_.empty()) return base::sha256(base::ByteView{});
  base::Digest root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i > 0; --i) root = node(peaks_[i - 1], root);
  return root;
}

}  // namespace sallyport::recorder
