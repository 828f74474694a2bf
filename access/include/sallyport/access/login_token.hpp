#pragma once
// Login tokens: 256 random bits, stored as SHA-256 only, short-lived by the boot clock, bound to user and source.
#include <optional>
#include <string>

#include "sallyport/access/factors.hpp"
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

/// What a good token stands for.
struct Login {
  base::UserId user;
  std::string source;
  Factors factors;  ///< proven at sign-in
  vault::Lease lease;
};

/// The token's text: shown once, never stored. Errc::invalid for a life out of bounds, Errc::denied for a disabled
/// user.
base::Result<base::SecretBytes> issue_token(vault::Transaction& tx, const base::UserId& user, std::string_view source,
                                            const Factors& factors, base::Seconds life, const vault::Moment& now);
/// Errc::unauthenticated, always in the same words, for one that is unknown, ended, revoked, of another source or of a
/// disabled user.
base::Result<Login> check_token(vault::Transaction& tx, const base::SecretBytes& token, std::string_view source,
                                const vault::Moment& now);
/// Nothing happens when it is not known.
base::Result<> revoke_token(vault::Transaction& tx, const base::SecretBytes& token);
base::Result<> revoke_tokens_of(vault::Transaction& tx, const base::UserId& user);
/// Drops what has ended; returns how many. From time to time.
base::Result<std::int64_t> drop_ended_tokens(vault::Transaction& tx, const vault::Moment& now);

}  // namespace sallyport::access
