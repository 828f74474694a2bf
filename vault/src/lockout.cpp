#include "sallyport/vault/lockout.hpp"

#include <algorithm>

namespace sallyport::vault {

namespace {
constexpr base::Milliseconds kFirstLockout{std::chrono::seconds{30}};
constexpr std::uint32_t kMostDoublings = 7;  // 30 s << 7 = 64 min
}  // namespace

base::Milliseconds lockout_length(std::uint32_t failures) noexcept {
  if (failures < kFreeFailures) return base::Milliseconds{0};
  return kFirstLockout * (std::int64_t{1} << std::min(failures - kFreeFailures, kMostDoublings));
}

void Lockout::fail(const Moment& now) {
  failures = std::min(failures + 1, kFreeFailures + kMostDoublings);
  lease = Lease{now, lockout_length(failures)};
}

base::Milliseconds SourceLockouts::locked_for(std::string_view source, const Moment& now) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? base::Milliseconds{0} : found->second.locked_for(now);
}

void SourceLockouts::fail(std::string_view source, const Moment& now) {
  auto found = sources_.find(source);
  if (found == sources_.end()) {
    if (sources_.size() == kMaxSources) make_room();
    found = sources_.emplace(std::string(source), Lockout{}).first;
  }
  found->second.fail(now);
}

void SourceLockouts::succeed(std::string_view source) {
  if (const auto found = sources_.find(source); found != sources_.end()) sources_.erase(found);
}

void SourceLockouts::make_room() {
  const auto oldest = std::min_element(sources_.begin(), sources_.end(), [](const auto& a, const auto& b) {
    return a.second.lease.start.mono < b.second.lease.start.mono;
  });
  sources_.erase(oldest);
}

}  // namespace sallyport::vault
