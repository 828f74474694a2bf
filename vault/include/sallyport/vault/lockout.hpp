#pragma once
// Slowing down who guesses: some failures are free, then 30 seconds, doubling with each further failure up to 64
// minutes. What is counted for whom stands in guesses.hpp and docs/access.md.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {

inline constexpr std::uint32_t kFreeFailures = 5;         ///< of one person
inline constexpr std::uint32_t kFreeSourceFailures = 20;  ///< of one source: several people sit behind one address
/// A count is forgotten when so long nobody failed.
inline constexpr base::Seconds kFailuresKept{std::chrono::hours{24}};

/// How long the next try is refused after this many failures in a row: 0 for fewer than `free`.
base::Milliseconds lockout_length(std::uint32_t failures, std::uint32_t free = kFreeFailures) noexcept;

/// Failures in a row of one person or one source. A value; stores keep its fields.
struct Lockout {
  std::uint32_t failures = 0;
  Lease lease;  ///< since the last failure

  base::Milliseconds locked_for(const Moment& now) const noexcept { return lease.remaining(now); }
  bool forgotten(const Moment& now) const noexcept { return Lease{lease.start, kFailuresKept}.ended(now); }
  void fail(const Moment& now, std::uint32_t free = kFreeFailures);
};

/// The same for sources (an address, an IPv6 /64), in memory: bounded, so that many sources cannot fill the vault. When
/// it is full, the source that failed longest ago makes room. Changes count at once and are final with keep(); undo()
/// takes back what came since, for a batch that could not be committed. One owner thread.
class SourceLockouts {
 public:
  static constexpr std::size_t kMaxSources = 4096;

  base::Milliseconds locked_for(std::string_view source, const Moment& now) const;
  /// A guess at this person, or at nobody.
  void fail(std::string_view source, const std::optional<base::UserId>& user, const Moment& now);
  /// The person got in: what was counted here for guesses at him does not count against the source any more. All else
  /// does, or an account of one's own would pay for guesses at others'.
  void take_back(std::string_view source, const base::UserId& user);
  void keep() noexcept { undo_.clear(); }
  void undo();
  std::size_t size() const noexcept { return sources_.size(); }

 private:
  struct Count {
    Lockout lockout;
    std::vector<base::UserId> guessed_at;  ///< each failure that counts and was a guess at a person: few, as they are
  };
  struct Before {
    std::string source;
    std::optional<Count> count;  ///< absent: there was none
  };
  void remember(std::string_view source);
  void make_room();

  std::map<std::string, Count, std::less<>> sources_;
  std::vector<Before> undo_;  ///< oldest first
};

}  // namespace sallyport::vault
