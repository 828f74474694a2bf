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

/// Columns: person_id, source, by_password, by_key, otp (3), lease (4).
base::Result<Login> read_login(const Statement& row) {
  SALLYPORT_TRY(auto user, vault::read_id<base::UserId>(row, 0));
  Factors factors{row.boolean(2), row.boolean(3), {}};
  if (!row.is_null(4)) factors.otp = vault::read_moment(row, 4);
  return Login{std::move(user), vault::read_text(row, 1), std::move(factors), vault::read_lease(row, 7)};
}

base::Error not_signed_in() { return base::fail(Errc::unauthenticated, "sign in first (sallyport login)"); }

}  // namespace

base::Result<base::SecretBytes> issue_token(Transaction& tx, const base::UserId& user, std::string_view source,
                                            const Factors& factors, base::Seconds life, const vault::Moment& now) {
  if (life < base::Seconds{1} || life > kMaxTokenLife)
    return base::fail(Errc::invalid, "a login lasts 1 second to 24 hours");
  SALLYPORT_TRY(const auto person, get_user(tx, user));
  if (person.disabled) return base::fail(Errc::denied, "user " + person.name + " is disabled");
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
  return token;
}

base::Result<Login> check_token(Transaction& tx, const base::SecretBytes& token, std::string_view source,
                                const vault::Moment& now) {
  if (token.size() != kTokenText) return not_signed_in();
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT t.person_id, t.source, t.by_password, t.by_key, t.otp_wall_ms, t.otp_mono_ms, t.otp_boot, "
               "t.lease_wall_ms, t.lease_mono_ms, t.lease_boot, t.lease_ms FROM login_token t "
               "JOIN person u ON u.id = t.person_id "
               "WHERE t.hash = $1 AND t.source = $2 AND u.disabled = 0 AND u.removed_ms IS NULL",
               hash_of(token), source));
  SALLYPORT_TRY(auto login, vault::read_first(std::move(rows), read_login));
  if (!login || login->lease.ended(now)) return not_signed_in();
  return std::move(*login);
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
  // The same rule as Lease::remaining, for all rows at once: by the boot clock in this boot, else by the wall.
  return tx.execute(
      "DELETE FROM login_token WHERE "
      "(lease_boot = $1 AND ($2 < lease_mono_ms OR $2 - lease_mono_ms >= lease_ms)) OR "
      "(lease_boot <> $1 AND ($3 < lease_wall_ms OR $3 - lease_wall_ms >= lease_ms))",
      now.boot, vault::mono_ms(now), vault::wall_ms(now));
}

}  // namespace sallyport::access
