#include "sallyport/vault/rotation.hpp"

#include <algorithm>
#include <array>

#include "rotation_rows.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/account.hpp"
#include "sallyport/vault/audited_transaction.hpp"
#include "sallyport/vault/secret.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

constexpr std::array<std::string_view, 4> kOpenStates = {"pending", "applying", "applied", "promoted"};
constexpr std::array<std::string_view, 3> kEndStates = {"current", "kept", "out_of_sync"};
constexpr std::size_t kMaxJournal = 200;
constexpr std::size_t kMaxWord = 32;
constexpr std::size_t kMaxDetail = 512;
constexpr base::Milliseconds kFirstPause{std::chrono::minutes{1}};
constexpr base::Milliseconds kLongestPause{std::chrono::hours{6}};
// In doubt nobody may have the account: it is looked at soon, and then often.
constexpr base::Milliseconds kFirstDoubt{std::chrono::seconds{2}};
constexpr base::Milliseconds kLongestDoubt{std::chrono::minutes{2}};

bool is_open_state(std::string_view state) { return std::count(kOpenStates.begin(), kOpenStates.end(), state) == 1; }
bool is_end_state(std::string_view state) { return std::count(kEndStates.begin(), kEndStates.end(), state) == 1; }

/// Which secret is in force is certain: nothing was sent, or the new one is proven.
bool is_certain(std::string_view state) { return state == "pending" || state == "promoted"; }

/// What was waited while nothing had been sent says nothing about how long to wait in doubt: each counts for itself.
base::Milliseconds pause_length(const Rotation& rotation) {
  const auto pause = [](base::Milliseconds first, std::uint32_t before, base::Milliseconds longest) {
    return std::min(first * (std::int64_t{1} << std::min(before, 16U)), longest);
  };
  return is_certain(rotation.state) ? pause(kFirstPause, rotation.pauses, kLongestPause)
                                    : pause(kFirstDoubt, rotation.doubts, kLongestDoubt);
}

base::Error ended(const Rotation& rotation) {
  return base::fail(Errc::conflict, "rotation " + rotation.id.text() + " has ended: it is " + rotation.state);
}

base::Result<> check_texts(std::string_view outcome, std::string_view detail) {
  if (base::is_plain_text(outcome, kMaxWord) && base::is_plain_text(detail, kMaxDetail)) return base::ok();
  return base::fail(Errc::invalid, "a rotation's outcome is a word and its detail one line of plain text");
}

/// The version in that state, if there is one.
base::Result<std::optional<std::uint32_t>> version_in(Transaction& tx, const base::AccountId& account,
                                                      SecretState state) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT version FROM secret WHERE account_id = $1 AND state = $2", account,
                                    static_cast<int>(state)));
  return read_first(std::move(rows),
                    [](const Statement& row) -> base::Result<std::uint32_t> { return read_u32(row, 0); });
}

/// What the step says about which secret is in force, carried over to the secrets. The same again changes nothing.
base::Result<> settle_secrets(Transaction& tx, const Rotation& rotation, std::string_view state) {
  const bool promote = state == "promoted" || state == "current";
  if (!promote && state != "kept") return base::ok();
  SALLYPORT_TRY(const auto current, version_in(tx, rotation.account, SecretState::current));
  if (promote && current == rotation.version) return base::ok();
  SALLYPORT_TRY(const auto pending, version_in(tx, rotation.account, SecretState::pending));
  if (pending != rotation.version) {
    return base::fail(Errc::conflict, "rotation " + rotation.id.text() + " has no pending secret to settle");
  }
  if (!promote) return discard_pending(tx, rotation.account);
  SALLYPORT_TRYV(promote_pending(tx, rotation.account));
  return base::ok();
}

base::Result<std::uint32_t> make_pending(AuditedTransaction& tx, const Keyring& keys, const Account& account,
                                         const base::SecretBytes* given, const PasswordPolicy& policy,
                                         const Moment& now) {
  SALLYPORT_TRY(const auto left, version_in(tx.sql(), account.id, SecretState::pending));
  if (left) return *left;
  if (account.kind == AccountKind::ssh_key) {
    if (given == nullptr)
      return base::fail(Errc::invalid, "rotating account " + account.name.text() + " needs a new private key");
    SALLYPORT_TRY(const auto made, add_pending_secret(tx, keys, account.id, *given, now));
    return made.version;
  }
  SALLYPORT_TRY(const auto password, generate_password(policy));
  SALLYPORT_TRY(const auto made, add_pending_secret(tx, keys, account.id, password, now));
  return made.version;
}

}  // namespace

base::Result<> request_rotation(Transaction& tx, const base::AccountId& account, RotationCause cause,
                                const Moment& now) {
  SALLYPORT_TRYV(get_account(tx, account));
  if (cause == RotationCause::demand) {
    SALLYPORT_TRY(const auto open, find_open_rotation(tx, account));
    if (open) {
      SALLYPORT_TRYV(resume_rotation(tx, open->id, now));
      return base::ok();
    }
  }
  SALLYPORT_TRY(const bool queued, exists(tx, "SELECT account_id FROM rotation_queue WHERE account_id = $1", account));
  if (queued) {
    SALLYPORT_TRYV(tx.execute("UPDATE rotation_queue SET cause = $1 WHERE account_id = $2 AND cause > $1",
                              static_cast<int>(cause), account));
    return base::ok();
  }
  SALLYPORT_TRYV(tx.execute("INSERT INTO rotation_queue (account_id, cause, requested_ms) VALUES ($1, $2, $3)", account,
                            static_cast<int>(cause), wall_ms(now)));
  return base::ok();
}

base::Result<Rotation> begin_rotation(AuditedTransaction& tx, const Keyring& keys, const base::AccountId& account_id,
                                      RotationCause cause, const base::SecretBytes* given, const PasswordPolicy& policy,
                                      const Moment& now) {
  Transaction& sql = tx.sql();
  SALLYPORT_TRY(const auto account, get_account(sql, account_id));
  SALLYPORT_TRY(const auto open, find_open_rotation(sql, account_id));
  if (open) return base::fail(Errc::conflict, "account " + account.name.text() + " is being rotated already");
  SALLYPORT_TRY(const auto version, make_pending(tx, keys, account, given, policy, now));
  const auto id = base::RotationId::random();
  SALLYPORT_TRYV(sql.execute("DELETE FROM rotation_queue WHERE account_id = $1", account_id));
  SALLYPORT_TRYV(sql.execute(
      "INSERT INTO rotation (id, account_id, cause, state, journal, outcome, detail, version, wait, "
      "pauses, retry_ms, started_ms, updated_ms) VALUES ($1, $2, $3, 'pending', '', '', '', $4, 0, 0, 0, $5, $5)",
      id, account_id, static_cast<int>(cause), version, wall_ms(now)));
  return get_rotation(sql, id);
}

base::Result<Rotation> resume_rotation(Transaction& tx, const base::RotationId& id, const Moment& now) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE rotation SET wait = 0, updated_ms = $1 WHERE id = $2 AND finished_ms IS NULL",
                           wall_ms(now), id));
  SALLYPORT_TRY(auto rotation, get_rotation(tx, id));
  if (changed != 1) return ended(rotation);
  return rotation;
}

base::Result<Rotation> record_rotation(Transaction& tx, const base::RotationId& id, const RotationStep& step,
                                       const Moment& now) {
  SALLYPORT_TRY(auto rotation, get_rotation(tx, id));
  const bool is_end = is_end_state(step.state);
  if ((!is_end && !is_open_state(step.state)) || !base::is_plain_text(step.journal, kMaxJournal)) {
    return base::fail(Errc::invalid, "this is no step of a rotation: " + base::escape_text(step.state, 40));
  }
  SALLYPORT_TRYV(check_texts(step.outcome, step.detail));
  if (rotation.finished && rotation.state == step.state) return rotation;
  if (rotation.finished) return ended(rotation);
  SALLYPORT_TRYV(settle_secrets(tx, rotation, step.state));
  SALLYPORT_TRYV(
      tx.execute("UPDATE rotation SET state = $1, journal = $2, outcome = $3, detail = $4, wait = 0, updated_ms = $5, "
                 "finished_ms = CASE WHEN $6 = 1 THEN $5 END WHERE id = $7",
                 step.state, step.journal, step.outcome, step.detail, wall_ms(now), is_end, id));
  return get_rotation(tx, id);
}

base::Result<Rotation> pause_rotation(Transaction& tx, const base::RotationId& id, RotationWait wait,
                                      std::string_view outcome, std::string_view detail, const Moment& now) {
  SALLYPORT_ENSURE(wait != RotationWait::none);
  SALLYPORT_TRYV(check_texts(outcome, detail));
  SALLYPORT_TRY(const auto rotation, get_rotation(tx, id));
  if (rotation.finished) return ended(rotation);
  const base::Milliseconds pause = pause_length(rotation);
  const bool certain = is_certain(rotation.state);
  SALLYPORT_TRYV(tx.execute(
      "UPDATE rotation SET wait = $1, outcome = $2, detail = $3, pauses = pauses + $4, doubts = doubts + $5, "
      "retry_ms = $6, updated_ms = $7 WHERE id = $8",
      static_cast<int>(wait), outcome, detail, certain, !certain, wall_ms(now) + pause.count(), wall_ms(now), id));
  return get_rotation(tx, id);
}

base::Result<std::optional<Rotation>> find_rotation_in_doubt(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(auto open, find_open_rotation(tx, account));
  if (open && (open->wait != RotationWait::retry || is_certain(open->state))) open.reset();
  return open;
}

base::Result<bool> is_rotating(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(const auto why, why_rotating(tx, account));
  return why.has_value();
}

base::Result<std::optional<std::string>> why_rotating(Transaction& tx, const base::AccountId& account) {
  using Why = std::optional<std::string>;
  SALLYPORT_TRY(const auto open, find_open_rotation(tx, account));
  if (!open || (is_certain(open->state) && open->wait != RotationWait::none)) return Why();
  if (open->wait == RotationWait::none) return Why("is rotating; try again in a moment");
  if (open->wait == RotationWait::retry)
    return Why(
        "is in doubt: its target was lost while its secret was being changed; that is tried again now, so try "
        "again in a few seconds");
  return Why("is in doubt: its secret was being changed, and an administrator has to look (rotation " +
             open->id.text() + ")");
}

}  // namespace sallyport::vault
