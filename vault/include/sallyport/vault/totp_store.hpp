#pragma once
// One-time passcodes of persons: enrolment, acceptance once, and the count of failures.
#include "sallyport/vault/guesses.hpp"
#include "sallyport/vault/totp.hpp"

namespace sallyport::vault {

class Transaction;
class AuditedTransaction;
class Keyring;

enum class OtpVerdict : unsigned char {
  accepted,
  malformed,     ///< not six ASCII digits: not looked at, and no failure
  wrong,         ///< not this code
  repeated,      ///< this code, or a later one, was accepted before
  locked,        ///< too many failures: the code was not looked at
  not_enrolled,  ///< nothing to compare with
};
std::string_view to_string(OtpVerdict verdict) noexcept;

struct OtpAnswer {
  OtpVerdict verdict = OtpVerdict::wrong;
  base::Milliseconds locked_for{0};  ///< from now on
  /// Accepted, and codes from so far ahead of the present clock were accepted before: the clock was wrong then.
  base::Milliseconds ahead{0};
  bool accepted() const noexcept { return verdict == OtpVerdict::accepted; }
  /// The code was looked at: a failure was counted unless it was accepted.
  bool judged() const noexcept { return verdict != OtpVerdict::malformed && verdict != OtpVerdict::locked; }
};

/// Looks at one code of a person. A refusal is a value, not an Error, because what it leaves behind (a failure counted,
/// a code used up) MUST be committed: never run this inside a savepoint that a later failure of the operation rolls
/// back. Failures count in the person's lane (guesses.hpp) and, among strangers, for the source in `sources`; only an
/// accepted code clears them.
///
/// A code is accepted once, and none from before an accepted one. What was accepted while the clock was ahead does not
/// keep out the true codes afterwards, and is itself not accepted when its time comes.
base::Result<OtpAnswer> check_totp(AuditedTransaction& tx, const Keyring& keys, SourceLockouts& sources,
                                   const base::UserId& user, std::string_view source, base::ByteView code,
                                   const Moment& now, FirstProof first = FirstProof::password);

/// A new random seed, pending until confirm_totp. A code of an earlier, confirmed seed goes on being good until then.
/// An earlier pending one is replaced. Returned once, for the QR code.
base::Result<base::SecretBytes> begin_totp(AuditedTransaction& tx, const Keyring& keys, const base::UserId& user,
                                           const Moment& now);
/// Takes one code of the pending seed, which then replaces the confirmed one. Counts failures as check_totp does.
/// Verdict not_enrolled when nothing is pending.
base::Result<OtpAnswer> confirm_totp(AuditedTransaction& tx, const Keyring& keys, SourceLockouts& sources,
                                     const base::UserId& user, std::string_view source, base::ByteView code,
                                     const Moment& now);
/// A confirmed seed is there.
base::Result<bool> totp_enrolled(Transaction& tx, const base::UserId& user);
/// Takes away both seeds (an administrator's reset). The counts of failures stay.
base::Result<> remove_totp(Transaction& tx, const base::UserId& user);

}  // namespace sallyport::vault
