#include "strangers.hpp"

#include <utility>

namespace sallyport::app {

std::optional<std::uint64_t> Strangers::refused(uid_t uid, Clock::time_point now) {
  std::erase_if(users_, [now](const auto& user) { return user.second.untold == 0 && now - user.second.told >= kTell; });
  const auto found = users_.find(uid);
  const bool first = found == users_.end() && users_.size() < kMaxUsers;
  if (first) {
    users_[uid].told = now;
    return 1;
  }
  Count& count = found == users_.end() ? others_ : found->second;
  ++count.untold;
  const bool never = count.told == Clock::time_point::min();
  if (!never && now - count.told < kTell) return std::nullopt;
  count.told = now;
  return std::exchange(count.untold, 0);
}

}  // namespace sallyport::app
