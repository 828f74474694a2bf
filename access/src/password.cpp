#include "sallyport/access/password.hpp"

#include <algorithm>

#include "sallyport/access/login_token.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::access {

using base::Errc;
using vault::Statement;
using vault::Transaction;

namespace {

struct Stored {
  base::UserId user;
  PasswordWork work;
  base::Bytes hash;
};

/// Columns: id, memory, passes, salt, hash.
base::Result<Stored> read_stored(const Statement& row) {
  SALLYPORT_TRY(auto user, vault::read_id<base::UserId>(row, 0));
  const base::ByteView salt = row.blob(3);
  const base::ByteView hash = row.blob(4);
  Stored stored{std::move(user), {}, {hash.begin(), hash.end()}};
  if (salt.size() != kSaltSize) return vault::corrupt_row("password");
  std::copy(salt.begin(), salt.end(), stored.work.salt.begin());
  stored.work.cost = {static_cast<std::uint64_t>(row.integer(1)), vault::read_u32(row, 2)};
  return stored;
}

/// The salt of a name that has none: keyed, hence unpredictable, and the same at every try, as a real one is.
Salt salt_of_unknown(const vault::Keyring& keys, std::string_view name) {
  const base::Digest digest = keys.blind_index("salt of an unknown user", base::as_bytes(name));
  Salt salt{};
  std::copy_n(digest.begin(), salt.size(), salt.begin());
  return salt;
}

base::Result<> count(Transaction& tx, vault::SourceLockouts& sources, const PasswordAttempt& attempt,
                     const vault::Try& one, const vault::Lane& lane, const vault::Moment& now) {
  if (lane.of_strangers()) sources.fail(one.source, attempt.user, now);
  return attempt.user ? vault::count_failure(tx, one, lane, now) : base::ok();
}

/// The stored hash of a user who may still sign in: he may have been disabled since prepare.
base::Result<std::optional<Stored>> find_by_id(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT u.id, p.memory, p.passes, p.salt, p.hash FROM person u JOIN password p ON p.person_id = u.id "
               "WHERE u.id = $1 AND u.disabled = 0 AND u.removed_ms IS NULL",
               user));
  return vault::read_first(std::move(rows), read_stored);
}

}  // namespace

base::Result<base::SecretBytes> compute_password(const base::SecretBytes& password, const PasswordWork& work) {
  if (password.empty() || password.size() > kMaxPassword)
    return base::fail(Errc::invalid, "a password is 1 to 1024 bytes");
  return base::argon2id(password, work.salt, work.cost);
}

base::Result<> check_password(const base::SecretBytes& password) {
  if (password.size() < kMinPassword) return base::fail(Errc::invalid, "a password needs at least 10 bytes");
  if (password.size() > kMaxPassword) return base::fail(Errc::invalid, "a password has at most 1024 bytes");
  return base::ok();
}

base::Result<PasswordWork> prepare_new_password(const base::SecretBytes& password, const base::Argon2Cost& cost) {
  SALLYPORT_TRYV(check_password(password));
  PasswordWork work{{}, cost};
  base::random_bytes(work.salt);
  return work;
}

base::Result<> store_password(Transaction& tx, const base::UserId& user, const PasswordWork& work,
                              const base::SecretBytes& hash) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM password WHERE person_id = $1", user));
  SALLYPORT_TRYV(tx.execute("INSERT INTO password (person_id, memory, passes, salt, hash) VALUES ($1, $2, $3, $4, $5)",
                            user, work.cost.memory, work.cost.passes, work.salt, hash.expose()));
  SALLYPORT_TRYV(vault::forget_failures(tx, user, vault::Guessed::password));
  return revoke_tokens_of(tx, user);
}

base::Result<std::optional<Salt>> password_salt(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(const auto stored, find_by_id(tx, user));
  if (!stored) return std::optional<Salt>{};
  return std::optional(stored->work.salt);
}

base::Result<PasswordAttempt> prepare_password_check(Transaction& tx, const vault::Keyring& keys, std::string_view name,
                                                     const base::Argon2Cost& default_cost) {
  const std::string_view bounded =
      name.substr(0, base::kMaxName + 1);  // one more than any real name: a long one stays unknown
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT u.id, p.memory, p.passes, p.salt, p.hash FROM person u JOIN password p ON p.person_id = u.id "
               "WHERE u.name = $1 AND u.disabled = 0 AND u.removed_ms IS NULL",
               bounded));
  SALLYPORT_TRY(auto found, vault::read_first(std::move(rows), read_stored));
  const PasswordWork dummy{salt_of_unknown(keys, bounded), default_cost};
  if (!found) return PasswordAttempt{std::string(bounded), {}, dummy};
  return PasswordAttempt{std::string(bounded), std::move(found->user), found->work};
}

base::Result<PasswordAnswer> settle_password_check(Transaction& tx, vault::SourceLockouts& sources,
                                                   const PasswordAttempt& attempt, const base::SecretBytes& hash,
                                                   std::string_view source, const vault::Moment& now) {
  // For nobody the same is read and compared as for somebody, so that no answer is quicker than another.
  const vault::Try one{attempt.user.value_or(base::UserId::random()), vault::Guessed::password, source};
  SALLYPORT_TRY(const auto stored, find_by_id(tx, one.user));
  SALLYPORT_TRY(const auto lane, vault::find_lane(tx, one, now));
  const base::Digest nothing{};
  const base::ByteView expected = stored ? base::ByteView(stored->hash) : base::ByteView(nothing);
  const bool same = base::equals_ct(expected, hash.expose()) && stored && stored->work.salt == attempt.work.salt;
  if (vault::locked_for(lane, sources, source, now) > base::Milliseconds{0}) return PasswordAnswer{false, {}, "locked"};
  if (!same) {
    SALLYPORT_TRYV(count(tx, sources, attempt, one, lane, now));
    return PasswordAnswer{false, {}, attempt.user ? "wrong" : "unknown"};
  }
  if (lane.of_strangers()) sources.take_back(source, one.user);
  SALLYPORT_TRYV(vault::clear_failures(tx, one, lane));
  return PasswordAnswer{true, one.user, {}};
}

}  // namespace sallyport::access
