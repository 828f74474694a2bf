#pragma once
// Secrets of accounts, with their history. Each version is sealed by the Keyring before SQL sees it.
#include <cstdint>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {

class Transaction;
class AuditedTransaction;
class Keyring;

/// Of an account's versions at most one is current and at most one is pending; all others are history.
enum class SecretState : unsigned char { current = 1, pending = 2, old = 3 };
std::string_view to_string(SecretState state) noexcept;

struct SecretVersion {
  base::SecretId id;  ///< of this version
  base::AccountId account;
  std::uint32_t version = 0;  ///< counts up from 1 for each account, never used twice
  SecretState state = SecretState::old;
  base::WallTime created{};
};

/// Old versions beyond this many are dropped when a new one comes. Current and pending are never dropped.
inline constexpr std::size_t kKeptVersions = 10;
inline constexpr std::size_t kMaxSecretValue = 16U << 10U;

/// A new current version (an administrator's entry); the one before becomes history, and so does one that a
/// rotation left pending. Errc::conflict while a rotation is open, Errc::invalid when empty or over kMaxSecretValue
/// bytes.
base::Result<SecretVersion> set_secret(AuditedTransaction& tx, const Keyring& keys, const base::AccountId& account,
                                       const base::SecretBytes& value, const Moment& now);
/// A pending version, for a rotation. Errc::conflict while one is pending.
base::Result<SecretVersion> add_pending_secret(AuditedTransaction& tx, const Keyring& keys,
                                               const base::AccountId& account, const base::SecretBytes& value,
                                               const Moment& now);
/// The plaintext. Only inside an audited transaction: the caller appends its event there, and lets the value go only
/// after the commit that holds that event. Errc::not_found when the account has none in that state, Errc::corrupt when
/// it does not open.
base::Result<base::SecretBytes> read_secret(AuditedTransaction& tx, const Keyring& keys, const base::AccountId& account,
                                            SecretState state = SecretState::current);
/// One version of the history, for the rescue of a failed rotation.
base::Result<base::SecretBytes> read_secret_version(AuditedTransaction& tx, const Keyring& keys,
                                                    const base::AccountId& account, std::uint32_t version);
/// pending -> current, current -> old. Errc::conflict when none is pending.
base::Result<SecretVersion> promote_pending(Transaction& tx, const base::AccountId& account);
/// pending -> old: it stays in the history, for it may have reached the target after all.
base::Result<> discard_pending(Transaction& tx, const base::AccountId& account);
/// Newest first; no plaintext.
base::Result<std::vector<SecretVersion>> list_secret_versions(Transaction& tx, const base::AccountId& account);

}  // namespace sallyport::vault
