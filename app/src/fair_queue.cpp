#include "fair_queue.hpp"

#include <algorithm>

namespace sallyport::app {
namespace {

std::vector<std::string> beginning(const Share& share, std::size_t depth) {
  return {share.begin(), share.begin() + static_cast<std::ptrdiff_t>(depth) + 1};
}

bool begins_alike(const Share& a, const Share& b, std::size_t depth) {
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(depth) + 1, b.begin());
}

bool begins_with(const Share& share, const std::vector<std::string>& some) {
  return std::equal(some.begin(), some.end(), share.begin());
}

}  // namespace

std::optional<std::uint64_t> FairQueue::push(std::uint64_t id, Share share) {
  waiting_.push_back({id, std::move(share)});
  if (waiting_.size() <= bound_) return std::nullopt;
  // Of equals the later: who waits longer stays.
  auto worst = waiting_.begin();
  Rank most{};
  for (auto item = waiting_.begin(); item != waiting_.end(); ++item) {
    const auto rank = crowd(*item);
    if (rank < most) continue;
    worst = item;
    most = rank;
  }
  const auto out = worst->id;
  waiting_.erase(worst);
  return out;
}

std::optional<std::uint64_t> FairQueue::pop() {
  const auto next = std::ranges::min_element(waiting_, {}, [this](const Item& item) { return last_turns(item); });
  if (next == waiting_.end()) return std::nullopt;
  const Item item = std::move(*next);
  waiting_.erase(next);
  note_turn(item.share);
  return item.id;
}

/// How many wait with it: of its network, of its source, of its name.
FairQueue::Rank FairQueue::crowd(const Item& item) const {
  Rank out{};
  for (std::size_t depth = 0; depth < out.size(); ++depth) {
    out[depth] = static_cast<std::uint64_t>(std::ranges::count_if(
        waiting_, [&](const Item& other) { return begins_alike(item.share, other.share, depth); }));
  }
  return out;
}

FairQueue::Rank FairQueue::last_turns(const Item& item) const {
  Rank out{};
  for (std::size_t depth = 0; depth < out.size(); ++depth) {
    const auto found = turns_.find(beginning(item.share, depth));
    if (found != turns_.end()) out[depth] = found->second;
  }
  return out;
}

/// Kept only of those who wait: whoever comes anew has had no turn.
void FairQueue::note_turn(const Share& share) {
  ++turn_;
  for (std::size_t depth = 0; depth < share.size(); ++depth) turns_[beginning(share, depth)] = turn_;
  std::erase_if(turns_, [this](const auto& turn) {
    return std::ranges::none_of(waiting_, [&](const Item& item) { return begins_with(item.share, turn.first); });
  });
}

}  // namespace sallyport::app
