#include "stranger_budget.hpp"

#include <algorithm>

namespace sallyport::app {

void StrangerBudget::refill(base::MonoTime now) {
  const auto more = (now - refilled_) / kOneMore;
  if (more <= 0) return;
  left_ = static_cast<unsigned>(std::min<std::int64_t>(kAtOnce, left_ + std::min<std::int64_t>(more, kAtOnce)));
  refilled_ = left_ == kAtOnce ? now : refilled_ + more * kOneMore;
}

bool StrangerBudget::take(std::string_view action, base::MonoTime now) {
  refill(now);
  if (left_ > 0) {
    --left_;
    return true;
  }
  leave_out(action, now);
  return false;
}

void StrangerBudget::leave_out(std::string_view action, base::MonoTime now) {
  if (!first_) first_ = now;
  const auto found = left_out_.find(action);
  ++(found == left_out_.end() ? left_out_[std::string(action)] : found->second);
}

std::optional<std::string> StrangerBudget::untold(base::MonoTime now, bool at_once) const {
  if (!first_ || (!at_once && now - *first_ < kTellEvery)) return std::nullopt;
  std::uint64_t all = 0;
  std::string list;
  for (const auto& [action, count] : left_out_) {
    all += count;
    list += (list.empty() ? "" : ", ") + action + " " + std::to_string(count);
  }
  return std::to_string(all) + " refusals: " + list;
}

void StrangerBudget::told() {
  left_out_.clear();
  first_.reset();
}

}  // namespace sallyport::app
