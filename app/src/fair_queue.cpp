#include "fair_queue.hpp"

#include <algorithm>

namespace sallyport::app {
namespace {

std::vector<std::string> beginning(const Share& share, std::size_t depth) {
  return {share.begin(), share.begin() + static_cast<std::ptrdiff_t>(depth) + 1};
}

bool begins_with(const Share& share, const std::vector<std::string>& some) {
  return std::equal(some.begin(), some.end(), share.begin());
}

}  // namespace

std::optional<std::uint64_t> FairQueue::push(std::uint64_t id, Share share, std::uint32_t dice) {
  waiting_.push_back({id, std::move(share), turn_});
  if (waiting_.size() <= bound_) return std::nullopt;
  const auto places = fullest();
  const auto worst = waiting_.begin() + static_cast<std::ptrdiff_t>(places[dice % places.size()]);
  const auto out = worst->id;
  waiting_.erase(worst);
  return out;
}

/// Where the newest of each of the fullest names waits.
std::vector<std::size_t> FairQueue::fullest() const {
  std::vector<std::size_t> out;
  Rank most{};
  for (std::size_t at = 0; at < waiting_.size(); ++at) {
    const auto rank = crowd(waiting_[at]);
    if (rank < most) continue;
    if (rank > most) out.clear();
    most = rank;
    std::erase_if(out, [&](std::size_t elder) { return waiting_[elder].share == waiting_[at].share; });
    out.push_back(at);
  }
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

/// How many wait with it: in its crowd, of its network, of its source, of its name.
FairQueue::Rank FairQueue::crowd(const Item& item) const {
  Rank out{};
  for (const auto& other : waiting_) {
    for (std::size_t depth = 0; depth < out.size() && other.share[depth] == item.share[depth]; ++depth) ++out[depth];
  }
  return out;
}

void FairQueue::remove(std::uint64_t id) {
  std::erase_if(waiting_, [id](const Item& item) { return item.id == id; });
}

FairQueue::Rank FairQueue::last_turns(const Item& item) const {
  Rank out{};
  for (std::size_t depth = 0; depth < out.size(); ++depth) {
    const auto found = turns_.find(beginning(item.share, depth));
    out[depth] = found == turns_.end() ? item.came : found->second;
  }
  return out;
}

/// Kept only of those who wait.
void FairQueue::note_turn(const Share& share) {
  ++turn_;
  for (std::size_t depth = 0; depth < share.size(); ++depth) turns_[beginning(share, depth)] = turn_;
  std::erase_if(turns_, [this](const auto& turn) {
    return std::ranges::none_of(waiting_, [&](const Item& item) { return begins_with(item.share, turn.first); });
  });
}

}  // namespace sallyport::app
