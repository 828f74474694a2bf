#include "sallyport/broker/in_order_hash.hpp"

namespace sallyport::broker {

void InOrderHash::add(std::uint64_t offset, base::ByteView bytes, std::size_t& budget) {
  passed_ += bytes.size();
  if (lost_ || bytes.empty()) return;
  if (offset < front_ || waiting_.contains(offset)) return give_up(budget);
  if (offset > front_) {
    if (bytes.size() > budget) return give_up(budget);
    budget -= bytes.size();
    waiting_.emplace(offset, base::Bytes(bytes.begin(), bytes.end()));
    return;
  }
  hash_.update(bytes);
  front_ += bytes.size();
  drain(budget);
}

void InOrderHash::drain(std::size_t& budget) {
  while (!waiting_.empty() && waiting_.begin()->first <= front_) {
    const auto& [offset, bytes] = *waiting_.begin();
    if (offset < front_) return give_up(budget);
    hash_.update(bytes);
    front_ += bytes.size();
    budget += bytes.size();
    waiting_.erase(waiting_.begin());
  }
}

void InOrderHash::give_up(std::size_t& budget) {
  lost_ = true;
  for (const auto& [offset, bytes] : waiting_) budget += bytes.size();
  waiting_.clear();
}

void InOrderHash::resize(std::uint64_t size, std::size_t& budget) {
  if (size != front_ || !waiting_.empty()) give_up(budget);
}

std::optional<base::Digest> InOrderHash::finish(std::size_t& budget) {
  const bool whole = !lost_ && waiting_.empty();
  give_up(budget);
  if (!whole) return std::nullopt;
  return hash_.finish();
}

}  // namespace sallyport::broker
