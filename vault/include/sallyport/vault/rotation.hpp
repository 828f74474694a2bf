#pragma once
// The stored side of the rotation journal (docs of rotation): one row an attempt, at most one open attempt an account.
// The states are words of rotation/journal.hpp, checked against a list here; what they mean is decided there.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/vault/lease.hpp"
#include "sallyport/vault/secret_password.hpp"

namespace sallyport::vault {

class Transaction;
class AuditedTransaction;
class Keyring;

/// Why a rotation is due.
enum class RotationCause : unsigned char { schedule = 1, demand = 2, checkin = 3 };
std::string_view to_string(RotationCause cause) noexcept;
base::Result<RotationCause> parse_rotation_cause(std::string_view word);

struct Rotation {
  base::RotationId id;
  base::AccountId account;
  RotationCause cause = RotationCause::demand;
  std::string state;         ///< the journal's word
  std::string outcome;       ///< the journal's word for the last step, may be empty
  std::uint32_t version = 0; ///< of the secret that is to become current
  std::uint32_t failed_logins = 0;
  base::WallTime started{};
  base::WallTime updated{};
  std::optional<base::WallTime> finished;
};

/// Puts the account in the queue; a second request for the same account changes nothing but a weaker cause.
base::Result<> request_rotation(Transaction& tx, const base::AccountId& account, RotationCause cause, const Moment& now);

struct DueRotation { base::AccountId account; RotationCause cause; };
/// What should start now: the queue, then accounts whose interval has passed. Not those with an open rotation; by schedule
/// also not while checked out, and after a failure not before a pause that doubles from 5 minutes to a day.
base::Result<std::vector<DueRotation>> due_rotations(Transaction& tx, const Moment& now, std::size_t limit = 100);

/// Opens the journal row and makes the pending secret: a password by policy for unix_password accounts, `given` (a private
/// key in OpenSSH's format) for ssh_key. A pending secret that an earlier attempt left is used again, never replaced: it
/// may be what the target has. Takes the account off the queue. Errc::conflict when one is open.
base::Result<Rotation> begin_rotation(AuditedTransaction& tx, const Keyring& keys, const base::AccountId& account,
                                      RotationCause cause, const base::SecretBytes* given, const PasswordPolicy& policy,
                                      const Moment& now);
/// A step of the journal, durable before the step on the target. Errc::invalid for a word that is not on the list,
/// Errc::conflict when it is finished.
base::Result<Rotation> record_rotation(Transaction& tx, const base::RotationId& id, std::string_view state,
                                       std::string_view outcome, std::uint32_t failed_logins, const Moment& now);

enum class RotationEnd : unsigned char {
  promoted,     ///< the new secret was verified: pending becomes current
  abandoned,    ///< the old one was verified to be good still, or nothing was sent: pending becomes history
  out_of_sync,  ///< neither is known to be good: both are kept as they are, for the next attempt
};
base::Result<Rotation> finish_rotation(Transaction& tx, const base::RotationId& id, RotationEnd end,
                                       std::string_view outcome, const Moment& now);

/// Started and not finished: at start these go through recovery.
base::Result<std::vector<Rotation>> unfinished_rotations(Transaction& tx);
base::Result<bool> is_rotating(Transaction& tx, const base::AccountId& account);
base::Result<Rotation> get_rotation(Transaction& tx, const base::RotationId& id);
struct RotationFilter {
  std::optional<base::AccountId> account;
  std::optional<base::RotationId> after;
  std::size_t limit = 100;
};
/// Newest first.
base::Result<std::vector<Rotation>> list_rotations(Transaction& tx, const RotationFilter& filter);

}  // namespace sallyport::vault
