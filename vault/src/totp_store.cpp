#include "sallyport/vault/totp_store.hpp"

#include <algorithm>

#include "sallyport/vault/audited_transaction.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

namespace {

constexpr std::string_view kPurpose = "totp";
constexpr int kStepsKept = 256;  // the newest: of older ones a clock that is put back by days would be needed

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

/// The compare-and-set that makes a code good for once: of any number that try, one adds the row. Steps beyond the
/// window were accepted when the clock was ahead; they say nothing about the codes of now.
base::Result<bool> use_step(Transaction& tx, const base::UserId& user, std::int64_t enrolment, std::uint64_t step,
                            std::uint64_t newest) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("INSERT INTO totp_used (user_id, enrolment, step) SELECT $1, $2, $3 WHERE NOT EXISTS "
                           "(SELECT 1 FROM totp_used WHERE user_id = $1 AND enrolment = $2 AND step >= $3 AND step <= "
                           "$4)",
                           user, enrolment, static_cast<std::int64_t>(step), static_cast<std::int64_t>(newest)));
  if (changed != 1) return false;
  SALLYPORT_TRYV(
      tx.execute("DELETE FROM totp_used WHERE user_id = $1 AND enrolment = $2 AND step <= "
                 "(SELECT step FROM totp_used WHERE user_id = $1 AND enrolment = $2 "
                 "ORDER BY step DESC LIMIT 1 OFFSET $3)",
                 user, enrolment, kStepsKept));
  return true;
}

base::Result<base::Milliseconds> accepted_ahead(Transaction& tx, const base::UserId& user, std::int64_t enrolment,
                                                std::uint64_t newest) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT step FROM totp_used WHERE user_id = $1 AND enrolment = $2 AND step > $3 "
                                    "ORDER BY step DESC LIMIT 1",
                                    user, enrolment, static_cast<std::int64_t>(newest)));
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return base::Milliseconds{0};
  return base::Milliseconds(kTotpPeriod) * (rows.integer(0) - static_cast<std::int64_t>(newest) + 1);
}

base::Result<OtpAnswer> look_at(Transaction& tx, const Keyring& keys, const base::UserId& user, bool pending,
                                base::ByteView code, const Moment& now) {
  SALLYPORT_TRY(const auto enrolment, find_enrolment(tx, keys, user, pending));
  if (!enrolment) return OtpAnswer{OtpVerdict::not_enrolled};
  const auto present = totp_step(now.wall);
  const auto step = match_totp(enrolment->seed, code, present);
  if (!step) return OtpAnswer{OtpVerdict::wrong};
  SALLYPORT_TRY(const bool first, use_step(tx, user, enrolment->number, *step, present + 1));
  if (!first) return OtpAnswer{OtpVerdict::repeated};
  SALLYPORT_TRY(const auto ahead, accepted_ahead(tx, user, enrolment->number, present + 1));
  return OtpAnswer{OtpVerdict::accepted, {}, ahead};
}

/// Counts what look_at said, in the lane and, for strangers, for the source.
base::Result<OtpAnswer> settle(Transaction& tx, SourceLockouts& sources, const Try& one, Lane lane, OtpAnswer answer,
                               const Moment& now) {
  if (answer.accepted()) {
    if (lane.of_strangers()) sources.take_back(one.source, one.user);
    if (lane.lockout.failures > 0) {
      SALLYPORT_TRYV(clear_failures(tx, one, lane));
    }
    return answer;
  }
  if (lane.of_strangers()) sources.fail(one.source, one.user, now);
  SALLYPORT_TRYV(count_failure(tx, one, lane, now));
  lane.lockout.fail(now);
  answer.locked_for = locked_for(lane, sources, one.source, now);
  return answer;
}

base::Result<OtpAnswer> check(AuditedTransaction& audited, const Keyring& keys, SourceLockouts& sources, const Try& one,
                              bool pending, base::ByteView code, const Moment& now) {
  if (!is_totp_format(code)) return OtpAnswer{OtpVerdict::malformed};
  Transaction& tx = audited.sql();
  SALLYPORT_TRY(auto lane, find_lane(tx, one, now));
  const base::Milliseconds locked = locked_for(lane, sources, one.source, now);
  if (locked > base::Milliseconds{0}) return OtpAnswer{OtpVerdict::locked, locked};
  SALLYPORT_TRY(const auto answer, look_at(tx, keys, one.user, pending, code, now));
  return settle(tx, sources, one, std::move(lane), answer, now);
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
    case OtpVerdict::malformed:
      return "malformed";
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
                                   const Moment& now, FirstProof first) {
  return check(tx, keys, sources, {user, Guessed::code, source, first}, false, code, now);
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
  SALLYPORT_TRY(const auto answer,
                check(tx, keys, sources, {user, Guessed::code, source, FirstProof::password}, true, code, now));
  if (!answer.accepted()) return answer;
  SALLYPORT_TRYV(
      tx.sql().execute("DELETE FROM totp_used WHERE user_id = $1 AND enrolment IN "
                       "(SELECT enrolment FROM totp WHERE user_id = $1 AND pending = 0)",
                       user));
  SALLYPORT_TRYV(tx.sql().execute("DELETE FROM totp WHERE user_id = $1 AND pending = 0", user));
  SALLYPORT_TRYV(tx.sql().execute("UPDATE totp SET pending = 0 WHERE user_id = $1", user));
  return answer;
}

base::Result<bool> totp_enrolled(Transaction& tx, const base::UserId& user) {
  return exists(tx, "SELECT user_id FROM totp WHERE user_id = $1 AND pending = 0", user);
}

base::Result<> remove_totp(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM totp_used WHERE user_id = $1", user));
  SALLYPORT_TRYV(tx.execute("DELETE FROM totp WHERE user_id = $1", user));
  return base::ok();
}

}  // namespace sallyport::vault
