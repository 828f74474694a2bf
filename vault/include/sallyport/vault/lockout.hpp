#pragma once
// Slowing down who guesses: five failures, then 30 seconds, doubling with each further failure up to 64 minutes.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {

inline constexpr std::uint32_t kFreeFailures = 5;

/// How long the next try is refused after this many failures in a row: 0 for fewer than kFreeFailures.
base::Milliseconds lockout_length(std::uint32_t failures) noexcept;

/// Failures in a row of one person or one source. A value; stores keep its fields.
struct Lockout {
  std::uint32_t failures = 0;
  Lease lease;  ///< since the last failure

  base::Milliseconds locked_for(const Moment& now) const noexcept { return lease.remaining(now); }
  void fail(const Moment& now);
  void succeed() { *this = Lockout{}; }
};

/// The same for sources (addresses), in memory: bounded, so that many sources cannot fill the vault. When it is full,
/// the source that failed longest ago makes room. One owner thread.
class SourceLockouts {
 public:
  static constexpr std::size_t kMaxSources = 4096;

  base::Milliseconds locked_for(std::string_view source, const Moment& now) const;
  void fail(std::string_view source, const Moment& now);
  void succeed(std::string_view source);
  std::size_t size() const noexcept { return sources_.size(); }

 private:
  void make_room();
  std::map<std::string, Lockout, std::less<>> sources_;
};

}  // namespace sallyport::vault
