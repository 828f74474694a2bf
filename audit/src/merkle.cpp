#include "sallyport/audit/merkle.hpp"

#include <algorithm>
#include <bit>

namespace sallyport::audit {
namespace {

constexpr std::uint8_t kLeafPrefix = 0;
constexpr std::uint8_t kNodePrefix = 1;

}  // namespace

Digest leaf_hash(base::ByteView entry) { return base::sha256(base::ByteView(&kLeafPrefix, 1), entry); }

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 1 + sizeof(Digest) * 2> message{kNodePrefix};
  std::copy(left.begin(), left.end(), message.begin() + 1);
  std::copy(right.begin(), right.end(), message.begin() + 1 + static_cast<std::ptrdiff_t>(left.size()));
  return base::sha256(message);
}

Digest empty_root() { return base::sha256(base::ByteView{}); }

void Frontier::append(const Digest& leaf) {
  // Binary addition: every trailing 1 bit of the old size is a perfect subtree that the new one completes.
  Digest hash = leaf;
  for (auto bits = size_; (bits & 1U) != 0; bits >>= 1U) {
    hash = node_hash(roots_.back(), hash);
    roots_.pop_back();
  }
  roots_.push_back(hash);
  ++size_;
}

void Frontier::append(std::span<const Digest> leaves) {
  for (const auto& leaf : leaves) append(leaf);
}

Digest Frontier::root() const {
  if (roots_.empty()) return empty_root();
  Digest hash = roots_.back();
  for (auto left = roots_.rbegin() + 1; left != roots_.rend(); ++left) hash = node_hash(*left, hash);
  return hash;
}

base::Bytes Frontier::encode() const {
  base::Writer out;
  out.u64(size_);
  for (const auto& root : roots_) out.raw(root);
  return std::move(out).take();
}

base::Result<Frontier> Frontier::decode(base::ByteView bytes) {
  base::Reader in(bytes);
  const auto size = in.u64();
  if (!size || in.remaining() != static_cast<std::size_t>(std::popcount(size.value())) * sizeof(Digest)) {
    return base::fail(base::Errc::corrupt, "the audit log's frontier has the wrong length");
  }
  Frontier frontier;
  frontier.size_ = size.value();
  while (in.remaining() > 0) {
    const auto hash = in.take(sizeof(Digest)).value();
    std::copy(hash.begin(), hash.end(), frontier.roots_.emplace_back().begin());
  }
  return frontier;
}

}  // namespace sallyport::audit
