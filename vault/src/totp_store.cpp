#include "sallyport/vault/totp_store.hpp"

#include <algorithm>

#include "sallyport/vault/audited_transaction.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

namespace {

constexpr std::string_view kPurpose = "totp";

struct Enrolment {
  std::int64_t number = 0;  ///< counts a person's enrolments; the seed is sealed for this one
  base::SecretBytes seed;
};

SecretLabel label_of(const base::UserId& user, std::int64_t number) {
  return {kPurpose, kTenant, user.text(), static_cast<std::uint64_t>(number)};
}

base::Result<std::optional<Enrolment>> find_enrolment(Transaction& tx, const Keyring& keys, const base::UserId& user,
                                                      bool pending) {
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT enrolment, kek_version, wrapped_dek, sealed FROM totp WHERE user_id = $1 AND pending = $2", user,
               pending));
  return read_first(std::move(rows), [&](const Statement& row) -> base::Result<Enrolment> {
    SALLYPORT_TRY(auto seed, keys.open_secret(label_of(user, row.integer(0)), read_envelope(row, 1)));
    return Enrolment{row.integer(0), std::move(seed)};
  });
}

base::Result<Lockout> read_lockout(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(auto rows,
                tx.query("SELECT failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms FROM totp_failures "
                         "WHERE user_id = $1",
                         user));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? Lockout{read_u32(rows, 0), read_lease(rows, 1)} : Lockout{};
}

base::Result<> write_lockout(Transaction& tx, const base::UserId& user, const Lockout& lockout) {
  const Moment& at = lockout.lease.start;
  SALLYPORT_TRYV(tx.execute("DELETE FROM totp_failures WHERE user_id = $1", user));
  if (lockout.failures == 0) return base::ok();
  SALLYPORT_TRYV(
      tx.execute("INSERT INTO totp_failures (user_id, failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms) "
                 "VALUES ($1, $2, $3, $4, $5, $6)",
                 user, lockout.failures, wall_ms(at), mono_ms(at), at.boot, lockout.lease.length.count()));
  return base::ok();
}

/// The compare-and-set that makes a code good for once: of any number that try, one changes the row.
base::Result<bool> use_step(Transaction& tx, const base::UserId& user, bool pending, std::uint64_t step) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE totp SET last_step = $1 WHERE user_id = $2 AND pending = $3 AND last_step < $1",
                           static_cast<std::int64_t>(step), user, pending));
  return changed == 1;
}

base::Result<OtpVerdict> look_at(Transaction& tx, const Keyring& keys, const base::UserId& user, bool pending,
                                 base::ByteView code, const Moment& now) {
  SALLYPORT_TRY(const auto enrolment, find_enrolment(tx, keys, user, pending));
  if (!enrolment) return OtpVerdict::not_enrolled;
  const auto step = match_totp(enrolment->seed, code, totp_step(now.wall));
  if (!step) return OtpVerdict::wrong;
  SALLYPORT_TRY(const bool first, use_step(tx, user, pending, *step));
  return first ? OtpVerdict::accepted : OtpVerdict::repeated;
}

/// Counts what look_at said, for the person and for the source.
base::Result<OtpAnswer> settle(Transaction& tx, SourceLockouts& sources, const base::UserId& user,
                               std::string_view source, Lockout lockout, OtpVerdict verdict, const Moment& now) {
  if (verdict == OtpVerdict::accepted) {
    sources.succeed(source);
    SALLYPORT_TRYV(write_lockout(tx, user, Lockout{}));
    return OtpAnswer{verdict};
  }
  sources.fail(source, now);
  lockout.fail(now);
  SALLYPORT_TRYV(write_lockout(tx, user, lockout));
  return OtpAnswer{verdict, std::max(lockout.locked_for(now), sources.locked_for(source, now))};
}

base::Result<OtpAnswer> check(AuditedTransaction& audited, const Keyring& keys, SourceLockouts& sources,
                              const base::UserId& user, std::string_view source, bool pending, base::ByteView code,
                              const Moment& now) {
  Transaction& tx = audited.sql();
  SALLYPORT_TRY(const auto lockout, read_lockout(tx, user));
  const base::Milliseconds locked = std::max(lockout.locked_for(now), sources.locked_for(source, now));
  if (locked > base::Milliseconds{0}) return OtpAnswer{OtpVerdict::locked, locked};
  SALLYPORT_TRY(const auto verdict, look_at(tx, keys, user, pending, code, now));
  return settle(tx, sources, user, source, lockout, verdict, now);
}

base::Result<std::int64_t> next_number(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(auto rows,
                tx.query("SELECT enrolment FROM totp WHERE user_id = $1 ORDER BY enrolment DESC LIMIT 1", user));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? rows.integer(0) + 1 : 1;
}

}  // namespace

std::string_view to_string(OtpVerdict verdict) noexcept {
  switch (verdict) {
    case OtpVerdict::accepted:
      return "accepted";
    case OtpVerdict::wrong:
      return "wrong";
    case OtpVerdict::repeated:
      return "repeated";
    case OtpVerdict::locked:
      return "locked";
    case OtpVerdict::not_enrolled:
      break;
  }
  return "not_enrolled";
}

base::Result<OtpAnswer> check_totp(AuditedTransaction& tx, const Keyring& keys, SourceLockouts& sources,
                                   const base::UserId& user, std::string_view source, base::ByteView code,
                                   const Moment& now) {
  return check(tx, keys, sources, user, source, false, code, now);
}

base::Result<base::SecretBytes> begin_totp(AuditedTransaction& tx, const Keyring& keys, const base::UserId& user,
                                           const Moment& now) {
  Transaction& sql = tx.sql();
  SALLYPORT_TRY(const auto number, next_number(sql, user));
  base::SecretBytes seed = base::SecretBytes::random(kTotpSeedSize);
  const Envelope envelope = keys.seal_secret(label_of(user, number), seed);
  SALLYPORT_TRYV(sql.execute("DELETE FROM totp WHERE user_id = $1 AND pending = 1", user));
  SALLYPORT_TRYV(sql.execute(
      "INSERT INTO totp (user_id, pending, enrolment, last_step, kek_version, wrapped_dek, sealed, created_ms) "
      "VALUES ($1, 1, $2, -1, $3, $4, $5, $6)",
      user, number, envelope.kek_version, envelope.wrapped_dek, envelope.sealed, wall_ms(now)));
  return seed;
}

base::Result<OtpAnswer> confirm_totp(AuditedTransaction& tx, const Keyring& keys, SourceLockouts& sources,
                                     const base::UserId& user, std::string_view source, base::ByteView code,
                                     const Moment& now) {
  SALLYPORT_TRY(const auto answer, check(tx, keys, sources, user, source, true, code, now));
  if (!answer.accepted()) return answer;
  SALLYPORT_TRYV(tx.sql().execute("DELETE FROM totp WHERE user_id = $1 AND pending = 0", user));
  SALLYPORT_TRYV(tx.sql().execute("UPDATE totp SET pending = 0 WHERE user_id = $1", user));
  return answer;
}

base::Result<bool> totp_enrolled(Transaction& tx, const base::UserId& user) {
  return exists(tx, "SELECT user_id FROM totp WHERE user_id = $1 AND pending = 0", user);
}

base::Result<> remove_totp(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM totp WHERE user_id = $1", user));
  return base::ok();
}

}  // namespace sallyport::vault
