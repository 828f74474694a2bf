#pragma once
// Login tokens: 256 random bits, stored as SHA-256 only, bound to user and source. A sign-in ends by the boot clock:
// after its life, and when it was not used for a while.
#include <map>
#include <optional>
#include <string>

#include "sallyport/access/factors.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {
class Transaction;
}

namespace sallyport::access {

inline constexpr base::Seconds kDefaultTokenLife{std::chrono::hours{8}};
inline constexpr base::Seconds kMaxTokenLife{std::chrono::hours{24}};
inline constexpr std::size_t kTokenText = 43;  ///< base64url of 32 bytes

/// Whoever still has a token that ran out is told so, for that long afterwards.
inline constexpr base::Seconds kEndedKept{std::chrono::hours{24}};

/// Of one person.
inline constexpr std::size_t kMaxSignIns = 64;

/// What a good token stands for.
struct Login {
  base::UserId user;
  std::string source;
  Factors factors;  ///< proven at sign-in
  vault::Lease lease;
  base::Digest token{};     ///< SHA-256 of it
  bool code_spent = false;  ///< the code of the sign-in has stood for a checkout
};

/// When tokens were used last, as far as it is not in the store yet: using one need not wait for a disk. One owner
/// thread.
class TokenUses {
 public:
  void note(const base::Digest& token, const vault::Moment& now) { uses_.insert_or_assign(token, now); }
  const vault::Moment* last(const base::Digest& token) const;
  base::Result<> write(vault::Transaction& tx) const;
  void clear() noexcept { uses_.clear(); }  ///< once that is committed

 private:
  std::map<base::Digest, vault::Moment> uses_;
};
struct IdleRule {
  base::Seconds limit{0};           ///< 0: none
  const TokenUses* uses = nullptr;  ///< not owned
};

struct IssuedToken {
  base::SecretBytes text;  ///< shown once, never stored
  bool ended_another = false;
};

/// Errc::invalid for a life out of bounds, Errc::denied for a disabled user. Of a person who has kMaxSignIns, what ran
/// out is dropped; if none did, that one ends which was unused for longest, as far as its use is in the store.
base::Result<IssuedToken> issue_token(vault::Transaction& tx, const base::UserId& user, std::string_view source,
                                      const Factors& factors, base::Seconds life, const vault::Moment& now);
/// Errc::unauthenticated, in the same words for one that is unknown, revoked, of another source or of a disabled user;
/// for one that ran out, or was not used for too long, a sentence that says so.
base::Result<Login> check_token(vault::Transaction& tx, const base::SecretBytes& token, std::string_view source,
                                const vault::Moment& now, const IdleRule& idle = {});
/// The code of the sign-in stands for one thing more: true once.
base::Result<bool> spend_code(vault::Transaction& tx, const Login& login);
/// A code was given under this token; it is as fresh as that from now on, and that code stands for nothing more.
base::Result<> renew_code(vault::Transaction& tx, const Login& login, const vault::Moment& now);
/// Nothing happens when it is not known.
base::Result<> revoke_token(vault::Transaction& tx, const base::SecretBytes& token);
base::Result<> revoke_tokens_of(vault::Transaction& tx, const base::UserId& user);
/// Drops what ended kEndedKept ago; returns how many. From time to time.
base::Result<std::int64_t> drop_ended_tokens(vault::Transaction& tx, const vault::Moment& now);

}  // namespace sallyport::access
