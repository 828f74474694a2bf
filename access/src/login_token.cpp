#include "sallyport/access/login_token.hpp"

#include "sallyport/access/user.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::access {

using base::Errc;
using vault::Statement;
using vault::Transaction;

namespace {

constexpr std::size_t kTokenSize = 32;

base::Digest hash_of(const base::SecretBytes& token) { return base::sha256(token.expose()); }

/// 32 random bytes as text: base64url, in secret memory all along.
base::SecretBytes random_token() {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const base::SecretBytes raw = base::SecretBytes::random(kTokenSize);
  base::SecretBytes text(kTokenText);
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t at = 0;
  for (const std::uint8_t byte : raw.expose()) {
    bits = (bits << 8U) | byte;
    for (held += 8; held >= 6; held -= 6)
      text.expose_mutable()[at++] = static_cast<std::uint8_t>(kAlphabet[(bits >> (held - 6)) & 63U]);
  }
  text.expose_mutable()[at++] = static_cast<std::uint8_t>(kAlphabet[(bits << (6 - held)) & 63U]);
  SALLYPORT_ENSURE(at == kTokenText);
  return text;
}

struct Stored {
  Login login;
  vault::Moment used;
};

/// Columns: person_id, source, by_password, by_key, otp (3), lease (4), code_spent, used (3).
base::Result<Stored> read_login(const Statement& row, const base::Digest& token) {
  SALLYPORT_TRY(auto user, vault::read_id<base::UserId>(row, 0));
  Factors factors{row.boolean(2), row.boolean(3), {}};
  if (!row.is_null(4)) factors.otp = vault::read_moment(row, 4);
  Login login{std::move(user), vault::read_text(row, 1), std::move(factors), vault::read_lease(row, 7),
              token,           row.boolean(11)};
  auto used = row.is_null(12) ? login.lease.start : vault::read_moment(row, 12);
  return Stored{std::move(login), std::move(used)};
}

base::Error not_signed_in(std::string_view why) {
  return base::fail(Errc::unauthenticated, std::string(why) + ": sign in again (sallyport login)");
}
base::Error not_signed_in() { return not_signed_in("this sign-in is not good, or no longer"); }

base::Result<std::int64_t> count_sign_ins(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT COUNT(*) FROM login_token WHERE person_id = $1", user));
  SALLYPORT_TRYV(rows.next());
  return rows.integer(0);
}

// What ended `kept` ago, of one or of all.
base::Result<std::int64_t> drop_ended(Transaction& tx, const vault::Moment& now, base::Seconds kept,
                                      const std::optional<std::string>& user) {
  // The same rule as Lease::remaining, for all rows at once: by the boot clock in this boot, else by the wall.
  return tx.execute(
      "DELETE FROM login_token WHERE person_id = COALESCE($5, person_id) AND ("
      "(lease_boot = $1 AND ($2 < lease_mono_ms OR $2 - lease_mono_ms >= lease_ms + $4)) OR "
      "(lease_boot <> $1 AND ($3 < lease_wall_ms OR $3 - lease_wall_ms >= lease_ms + $4)))",
      now.boot, vault::mono_ms(now), vault::wall_ms(now), base::Milliseconds(kept).count(), user);
}

bool unused_for_long(const Stored& stored, const IdleRule& idle, const vault::Moment& now) {
  if (idle.limit == base::Seconds{0}) return false;
  const auto* later = idle.uses == nullptr ? nullptr : idle.uses->last(stored.login.token);
  return vault::Lease{later == nullptr ? stored.used : *later, idle.limit}.ended(now);
}

// How many living ones were ended.
base::Result<std::int64_t> make_room(Transaction& tx, const base::UserId& user, const vault::Moment& now) {
  SALLYPORT_TRY(const auto held, count_sign_ins(tx, user));
  if (held < static_cast<std::int64_t>(kMaxSignIns)) return std::int64_t{0};
  SALLYPORT_TRYV(drop_ended(tx, now, base::Seconds{0}, user.text()));
  return tx.execute(
      "DELETE FROM login_token WHERE person_id = $1 AND hash NOT IN (SELECT hash FROM login_token WHERE person_id = $1 "
      "ORDER BY COALESCE(used_wall_ms, lease_wall_ms) DESC, hash LIMIT $2)",
      user, kMaxSignIns - 1);
}

}  // namespace

base::Result<IssuedToken> issue_token(Transaction& tx, const base::UserId& user, std::string_view source,
                                      const Factors& factors, base::Seconds life, const vault::Moment& now) {
  if (life < base::Seconds{1} || life > kMaxTokenLife)
    return base::fail(Errc::invalid, "a login lasts 1 second to 24 hours");
  SALLYPORT_TRY(const auto person, get_user(tx, user));
  if (person.disabled) return base::fail(Errc::denied, "user " + person.name + " is disabled");
  SALLYPORT_TRY(const auto ended, make_room(tx, user, now));
  base::SecretBytes token = random_token();
  std::optional<std::int64_t> otp_wall;
  std::optional<std::int64_t> otp_mono;
  std::optional<std::string> otp_boot;
  if (factors.otp) {
    otp_wall = vault::wall_ms(*factors.otp);
    otp_mono = vault::mono_ms(*factors.otp);
    otp_boot = factors.otp->boot;
  }
  SALLYPORT_TRYV(tx.execute(
      "INSERT INTO login_token (hash, person_id, source, by_password, by_key, otp_wall_ms, otp_mono_ms, otp_boot, "
      "lease_wall_ms, lease_mono_ms, lease_boot, lease_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      hash_of(token), user, source, factors.password, factors.key, otp_wall, otp_mono, otp_boot, vault::wall_ms(now),
      vault::mono_ms(now), now.boot, base::Milliseconds(life).count()));
  return IssuedToken{std::move(token), ended > 0};
}

base::Result<Login> check_token(Transaction& tx, const base::SecretBytes& token, std::string_view source,
                                const vault::Moment& now, const IdleRule& idle) {
  if (token.size() != kTokenText) return not_signed_in();
  const auto hash = hash_of(token);
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT t.person_id, t.source, t.by_password, t.by_key, t.otp_wall_ms, t.otp_mono_ms, t.otp_boot, "
               "t.lease_wall_ms, t.lease_mono_ms, t.lease_boot, t.lease_ms, t.code_spent, t.used_wall_ms, "
               "t.used_mono_ms, t.used_boot FROM login_token t JOIN person u ON u.id = t.person_id "
               "WHERE t.hash = $1 AND t.source = $2 AND u.disabled = 0 AND u.removed_ms IS NULL",
               hash, source));
  SALLYPORT_TRY(auto found,
                vault::read_first(std::move(rows), [&](const Statement& row) { return read_login(row, hash); }));
  if (!found) return not_signed_in();
  if (found->login.lease.ended(now)) return not_signed_in("your sign-in has expired");
  if (unused_for_long(*found, idle, now)) {
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(idle.limit).count();
    return not_signed_in("your sign-in has ended, it was not used for " + std::to_string(minutes) +
                         (minutes == 1 ? " minute" : " minutes"));
  }
  return std::move(found->login);
}

base::Result<bool> spend_code(Transaction& tx, const Login& login) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE login_token SET code_spent = 1 WHERE hash = $1 AND code_spent = 0", login.token));
  return changed == 1;
}

base::Result<> renew_code(Transaction& tx, const Login& login, const vault::Moment& now) {
  SALLYPORT_TRYV(
      tx.execute("UPDATE login_token SET otp_wall_ms = $1, otp_mono_ms = $2, otp_boot = $3, code_spent = 1 "
                 "WHERE hash = $4",
                 vault::wall_ms(now), vault::mono_ms(now), now.boot, login.token));
  return base::ok();
}

const vault::Moment* TokenUses::last(const base::Digest& token) const {
  const auto found = uses_.find(token);
  return found == uses_.end() ? nullptr : &found->second;
}

base::Result<> TokenUses::write(Transaction& tx) const {
  for (const auto& [token, at] : uses_) {
    SALLYPORT_TRYV(
        tx.execute("UPDATE login_token SET used_wall_ms = $1, used_mono_ms = $2, used_boot = $3 WHERE hash = $4",
                   vault::wall_ms(at), vault::mono_ms(at), at.boot, token));
  }
  return base::ok();
}

base::Result<> revoke_token(Transaction& tx, const base::SecretBytes& token) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM login_token WHERE hash = $1", hash_of(token)));
  return base::ok();
}

base::Result<> revoke_tokens_of(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM login_token WHERE person_id = $1", user));
  return base::ok();
}

base::Result<std::int64_t> drop_ended_tokens(Transaction& tx, const vault::Moment& now) {
  return drop_ended(tx, now, kEndedKept, std::nullopt);
}

}  // namespace sallyport::access
