#pragma once
// Wrong passwords and codes, counted by person and by where they come from, so that a stranger who guesses slows down
// strangers and not the owner. docs/access.md has the arithmetic.
//
// A try counts in one of four lanes of its person:
//   a source from which he signed in before: its own count;
//   anywhere else: one count for all of these sources together, which bounds who guesses from many;
//   and for codes after an SSH key was proven, the same two once more: whoever has no key can't fill them.
#include <string>
#include <string_view>

#include "sallyport/base/ids.hpp"
#include "sallyport/vault/lockout.hpp"

namespace sallyport::vault {

class Transaction;

/// Stored by these numbers.
enum class Guessed : unsigned char { password = 1, code = 2 };
/// What was proven before a code is looked at.
enum class FirstProof : unsigned char { password, key };

struct Try {
  base::UserId user;
  Guessed what = Guessed::password;
  std::string_view source;  ///< as counted: an IPv4 address, an IPv6 /64
  FirstProof first = FirstProof::password;
};

/// Where one try counts, and what is counted there already.
struct Lane {
  std::string name;
  bool known = false;  ///< the person signed in from this source before
  Lockout lockout;

  /// The count of the source, over all persons, matters too: no one has shown here that he is no stranger.
  bool of_strangers() const noexcept { return name.empty(); }
};
/// How long the next try in this lane is refused.
base::Milliseconds locked_for(const Lane& lane, const SourceLockouts& sources, std::string_view source,
                              const Moment& now);
/// Costs the same for a person who is not there.
base::Result<Lane> find_lane(Transaction& tx, const Try& one, const Moment& now);
base::Result<> count_failure(Transaction& tx, const Try& one, Lane lane, const Moment& now);
base::Result<> clear_failures(Transaction& tx, const Try& one, const Lane& lane);
/// All lanes of the person (a new password, a removed person).
base::Result<> forget_failures(Transaction& tx, const base::UserId& user, Guessed what);

inline constexpr std::size_t kMaxKnownSources = 16;
inline constexpr base::Seconds kSourceKnown{std::chrono::hours{24 * 30}};
/// The person showed both proofs from here: the source is known for kSourceKnown from now on. The one that was seen
/// longest ago makes room.
base::Result<> remember_source(Transaction& tx, const base::UserId& user, std::string_view source, const Moment& now);
/// Anybody did.
base::Result<bool> is_known_source(Transaction& tx, std::string_view source, const Moment& now);
base::Result<> forget_sources(Transaction& tx, const base::UserId& user);

}  // namespace sallyport::vault
