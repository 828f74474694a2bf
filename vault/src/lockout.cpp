#include "sallyport/vault/lockout.hpp"

#include <algorithm>

namespace sallyport::vault {

namespace {
constexpr base::Milliseconds kFirstLockout{std::chrono::seconds{30}};
constexpr std::uint32_t kMostDoublings = 7;  // 30 s << 7 = 64 min
}  // namespace

base::Milliseconds lockout_length(std::uint32_t failures, std::uint32_t free) noexcept {
  if (failures < free) return base::Milliseconds{0};
  return kFirstLockout * (std::int64_t{1} << std::min(failures - free, kMostDoublings));
}

void Lockout::fail(const Moment& now, std::uint32_t free) {
  if (failures > 0 && forgotten(now)) failures = 0;
  failures = std::min(failures + 1, free + kMostDoublings);
  lease = Lease{now, lockout_length(failures, free)};
}

base::Milliseconds SourceLockouts::locked_for(std::string_view source, const Moment& now) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? base::Milliseconds{0} : found->second.lockout.locked_for(now);
}

void SourceLockouts::fail(std::string_view source, const std::optional<base::UserId>& user, const Moment& now) {
  auto found = sources_.find(source);
  if (found == sources_.end() && sources_.size() == kMaxSources) make_room();
  remember(source);
  if (found == sources_.end()) found = sources_.emplace(std::string(source), Count{}).first;
  auto& [lockout, guessed_at] = found->second;
  if (lockout.forgotten(now)) {
    lockout.failures = 0;
    guessed_at.clear();
  }
  const auto before = lockout.failures;
  lockout.fail(now, kFreeSourceFailures);
  if (user && lockout.failures > before) guessed_at.push_back(*user);
}

void SourceLockouts::take_back(std::string_view source, const base::UserId& user) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return;
  remember(source);
  auto& [lockout, guessed_at] = found->second;
  lockout.failures -= static_cast<std::uint32_t>(std::erase(guessed_at, user));
  if (lockout.failures == 0) sources_.erase(found);
}

void SourceLockouts::undo() {
  for (; !undo_.empty(); undo_.pop_back()) {
    auto& before = undo_.back();
    if (before.count)
      sources_.insert_or_assign(before.source, std::move(*before.count));
    else
      sources_.erase(before.source);
  }
}

void SourceLockouts::remember(std::string_view source) {
  const auto found = sources_.find(source);
  undo_.push_back({std::string(source), found == sources_.end() ? std::optional<Count>() : found->second});
}

void SourceLockouts::make_room() {
  const auto oldest = std::min_element(sources_.begin(), sources_.end(), [](const auto& a, const auto& b) {
    return a.second.lockout.lease.start.mono < b.second.lockout.lease.start.mono;
  });
  remember(oldest->first);
  sources_.erase(oldest);
}

}  // namespace sallyport::vault
