#pragma once
// The unsealed vault: store, keys and audit log under one owner. Sealing is destroying it.
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sallyport/base/clock.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/vault/audit_log.hpp"
#include "sallyport/vault/audited_transaction.hpp"
#include "sallyport/vault/database.hpp"
#include "sallyport/vault/header.hpp"
#include "sallyport/vault/keyring.hpp"
#include "sallyport/vault/migration.hpp"

namespace sallyport::vault {

/// How a new vault can be opened; at least one way.
struct NewSlots {
  const base::SecretBytes* passphrase = nullptr;  ///< not owned
  base::Argon2Cost cost{.memory = 256U << 20U, .passes = 3};
  bool development = false;  ///< makes DATA/development.key: whoever reads that file opens the vault
};

/// One owner thread. Not movable: transactions point into it; must outlive them.
class Vault {
 public:
  /// Makes DATA (0700) with header and store. Errc::exists if there is a header or a store already: nothing is touched.
  /// Slow (Argon2id).
  static base::Result<> create(const std::filesystem::path& data, const NewSlots& slots, const base::Clock& clock);

  /// Opens, checks every page, and brings the schema up to date ("vault" first, then `series` in order). `root` is from
  /// unlock_with_*; `clock` must outlive the vault. Errors name the file: corrupt (plain, foreign, truncated, damaged),
  /// denied (the key is not this store's), unsupported (made by a newer program), unavailable (in use by another
  /// process).
  static base::Result<std::unique_ptr<Vault>> open(const std::filesystem::path& data, const base::SecretBytes& root,
                                                   std::span<const MigrationSeries> series, const base::Clock& clock);
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;
  ~Vault();

  /// Begins a batch. Errc::unavailable: the store cannot be written now; try again.
  base::Result<AuditedTransaction> begin();
  /// A look at the store outside a batch. One transaction at a time, of either kind.
  base::Result<Transaction> begin_read();

  const Keyring& keys() const noexcept { return keys_; }
  const AuditLog& audit() const noexcept { return *audit_; }
  const VaultId& id() const noexcept { return id_; }
  /// Set when the log in the store is older than the checkpoint kept beside it, or another log: the store was put back
  /// or cut. A sentence for the operator; the vault opens all the same, and the caller must audit it, keep it and show
  /// it. It stays, over restarts, until an operator has acknowledged it.
  const std::optional<std::string>& rollback_warning() const noexcept { return rollback_warning_; }
  /// In the first transaction: the checkpoint beside the store is written anew with its commit.
  base::Result<> keep_rollback_warning(AuditedTransaction& transaction) const;
  /// Somebody has looked. In a transaction that says so; call forget_rollback_warning() after its commit.
  base::Result<> acknowledge_rollback(AuditedTransaction& transaction) const;
  void forget_rollback_warning() noexcept { rollback_warning_.reset(); }

  /// The readers of AuditLog in a transaction of their own: not while a batch is open (there, use audit() with its
  /// sql()).
  base::Result<std::vector<AuditEntry>> audit_entries(std::uint64_t from, std::size_t count);
  base::Result<audit::Report> verify_audit(audit::Expectation expectation = {});
  base::Result<> export_audit(int fd);
  const audit::VerifierKey& audit_public_key() const noexcept { return audit_->public_key(); }

  /// A new KEK for what is sealed from now on; one audited transaction of its own is the caller's: pass it in, then
  /// call reload_keys() after its commit.
  base::Result<std::uint32_t> create_kek(AuditedTransaction& transaction);
  base::Result<> reload_keys();

 private:
  Vault(std::filesystem::path data, Keyring keys, const base::Clock& clock);
  base::Result<> open_store(std::span<const MigrationSeries> series);

  std::filesystem::path data_;
  const base::Clock& clock_;
  base::UniqueFd lock_;
  Keyring keys_;
  VaultId id_{};
  std::unique_ptr<Database> database_;
  std::unique_ptr<AuditLog> audit_;
  std::optional<std::string> rollback_warning_;
};

}  // namespace sallyport::vault
