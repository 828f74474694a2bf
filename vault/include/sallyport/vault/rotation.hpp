#pragma once
// The stored side of the rotation journal (docs/rotation.md): one row a rotation, at most one open for an account. The
// journal's words and line are rotation/journal.hpp's; here the words are checked against a list, and those that settle
// which secret is in force change the secrets in the same transaction.
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

/// Why a rotation is due; a smaller number outweighs.
enum class RotationCause : unsigned char { demand = 1, checkin = 2, schedule = 3 };
std::string_view to_string(RotationCause cause) noexcept;
base::Result<RotationCause> parse_rotation_cause(std::string_view word);

/// What an open rotation is waiting for.
enum class RotationWait : unsigned char {
  none = 0,     ///< it is running, or should be
  retry = 1,    ///< the target could not be reached: again after a pause
  blocked = 2,  ///< a person has to look; a request on demand starts it again
};
std::string_view to_string(RotationWait wait) noexcept;

struct Rotation {
  base::RotationId id;
  base::AccountId account;
  RotationCause cause = RotationCause::demand;
  std::string state;    ///< pending applying applied promoted | current kept out_of_sync (the last three are ends)
  std::string journal;  ///< the journal's line
  std::string outcome;  ///< the word of what led here, may be empty
  std::string detail;   ///< one sentence for a person, escaped
  std::uint32_t version = 0;  ///< of the secret that is to become current
  RotationWait wait = RotationWait::none;
  std::uint32_t pauses = 0;  ///< where it was certain which secret is in force
  std::uint32_t doubts = 0;  ///< where it was not
  base::WallTime started{};
  base::WallTime updated{};
  std::optional<base::WallTime> finished;
};

/// Puts the account in the queue; of two causes the weightier stays. On demand, where one is open, that one is woken
/// instead.
base::Result<> request_rotation(Transaction& tx, const base::AccountId& account, RotationCause cause,
                                const Moment& now);

struct DueRotation {
  base::AccountId account;
  RotationCause cause = RotationCause::demand;
  std::optional<base::RotationId> open;  ///< there: resume_rotation (recovery); absent: begin_rotation
};
/// What should run now: open rotations first (those given out already are among them: the caller knows them), then the
/// queue, then accounts whose interval has passed. By schedule not while the account is checked out, nor before the
/// pause after a rotation that ended kept or out_of_sync.
base::Result<std::vector<DueRotation>> due_rotations(Transaction& tx, const Moment& now, std::size_t limit = 100);

/// Opens the row in state `pending` with its pending secret: a password by policy for unix_password accounts, `given`
/// (an unencrypted OpenSSH private key) for ssh_key. A pending secret that an earlier rotation left is used again,
/// never replaced: it may be what the target has. Takes the account off the queue. Errc::conflict when one is open.
base::Result<Rotation> begin_rotation(AuditedTransaction& tx, const Keyring& keys, const base::AccountId& account,
                                      RotationCause cause, const base::SecretBytes* given, const PasswordPolicy& policy,
                                      const Moment& now);

/// Before an open rotation that is due runs again: it waits for nothing now. Errc::conflict when it has ended.
base::Result<Rotation> resume_rotation(Transaction& tx, const base::RotationId& id, const Moment& now);

struct RotationStep {
  std::string_view state;
  std::string_view journal;  ///< plain text, at most 200 bytes
  std::string_view outcome;  ///< a word
  std::string_view detail;   ///< plain text, at most 512 bytes
};
/// One step, durable before the target sees the next. `promoted` and `current` make the pending secret current, `kept`
/// moves it to the history, `out_of_sync` keeps both as they are; an end closes the row. The same step twice is one.
/// Errc::invalid for a word that is not on the list, Errc::conflict when the row is closed.
base::Result<Rotation> record_rotation(Transaction& tx, const base::RotationId& id, const RotationStep& step,
                                       const Moment& now);
/// A run ended without an end: `wait` is retry or blocked. The pause doubles from 1 minute to 6 hours where it is
/// certain which secret is in force, and from 2 seconds to 2 minutes where it is not; each counts anew.
base::Result<Rotation> pause_rotation(Transaction& tx, const base::RotationId& id, RotationWait wait,
                                      std::string_view outcome, std::string_view detail, const Moment& now);

/// Not ended: at start these go through recovery.
base::Result<std::vector<Rotation>> unfinished_rotations(Transaction& tx);
/// Which secret is in force is not certain now, or will change under one's hands: a checkout must not begin. False for
/// one that waits in `pending` (nothing was sent) or `promoted` (the new one is proven), so that a target that is down
/// keeps nobody out.
base::Result<bool> is_rotating(Transaction& tx, const base::AccountId& account);
/// The same with what to say about the account ("is rotating; ..."); nothing when it is not.
base::Result<std::optional<std::string>> why_rotating(Transaction& tx, const base::AccountId& account);
/// The open one that keeps the account from everybody and waits for another try.
base::Result<std::optional<Rotation>> find_rotation_in_doubt(Transaction& tx, const base::AccountId& account);
/// The id that begins so, if it is the only one: 16 letters are that id itself. Errc::not_found, Errc::invalid.
base::Result<base::RotationId> complete_rotation_id(Transaction& tx, std::string_view begin);
base::Result<Rotation> get_rotation(Transaction& tx, const base::RotationId& id);
struct RotationFilter {
  std::optional<base::AccountId> account;
  std::optional<base::RotationId> after;  ///< the last one of the page before
  std::size_t limit = 100;                ///< at most 1000
};
/// Newest first.
base::Result<std::vector<Rotation>> list_rotations(Transaction& tx, const RotationFilter& filter);

}  // namespace sallyport::vault
