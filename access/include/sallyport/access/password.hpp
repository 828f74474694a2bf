#pragma once
// Passwords (Argon2id, RFC 9106), split so that the slow part needs no store: prepare (owner thread), compute (any
// thread), settle (owner thread). A user who does not exist, is disabled, has no password or is locked out costs the
// same work and gets the same answer as a wrong password.
#include <array>
#include <optional>
#include <string>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/vault/guesses.hpp"

namespace sallyport::vault {
class Transaction;
class Keyring;
}  // namespace sallyport::vault

namespace sallyport::access {

inline constexpr std::size_t kSaltSize = 16;
inline constexpr std::size_t kMinPassword = 10;  ///< bytes
inline constexpr std::size_t kMaxPassword = 1024;
using Salt = std::array<std::uint8_t, kSaltSize>;

/// What one computation needs. Holds no secret.
struct PasswordWork {
  Salt salt{};
  base::Argon2Cost cost;
};
/// 80 ms and more: on a worker thread. Pure. Errc::invalid for an empty or too long password.
base::Result<base::SecretBytes> compute_password(const base::SecretBytes& password, const PasswordWork& work);

/// Errc::invalid when it is shorter than kMinPassword or longer than kMaxPassword.
base::Result<> check_password(const base::SecretBytes& password);
/// Work for a password that is being set: a fresh salt. Errc::invalid as check_password.
base::Result<PasswordWork> prepare_new_password(const base::SecretBytes& password, const base::Argon2Cost& cost);
/// Stores what was computed. Ends the user's login tokens; clears the counts of failed passwords.
base::Result<> store_password(vault::Transaction& tx, const base::UserId& user, const PasswordWork& work,
                              const base::SecretBytes& hash);

/// The salt of the password that is in force: another one after each store_password(). Nothing: he has none, or may
/// not sign in.
base::Result<std::optional<Salt>> password_salt(vault::Transaction& tx, const base::UserId& user);

/// Who is trying, as far as the store knows. For an unknown name: a salt that is always the same for that name (keyed,
/// so that nobody can tell it from a real one) and the cost of new passwords.
struct PasswordAttempt {
  std::string name;                  ///< as given, at most base::kMaxName bytes; only for the audit event
  std::optional<base::UserId> user;  ///< absent: unknown, disabled or without password
  PasswordWork work;
};
base::Result<PasswordAttempt> prepare_password_check(vault::Transaction& tx, const vault::Keyring& keys,
                                                     std::string_view name, const base::Argon2Cost& default_cost);

struct PasswordAnswer {
  bool accepted = false;
  std::optional<base::UserId> user;  ///< only when accepted
  std::string why;  ///< for the audit event alone: "wrong", "locked", "unknown"; never told to the caller
};
/// Compares in constant time; counts failures in the person's lane (vault/guesses.hpp) and, among strangers, for the
/// source in `sources`, which is for passwords alone. A refusal is a value: what it leaves behind must be committed, as
/// with vault::check_totp.
base::Result<PasswordAnswer> settle_password_check(vault::Transaction& tx, vault::SourceLockouts& sources,
                                                   const PasswordAttempt& attempt, const base::SecretBytes& hash,
                                                   std::string_view source, const vault::Moment& now);

}  // namespace sallyport::access
