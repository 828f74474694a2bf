#include "sallyport/vault/vault.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "core_schema.hpp"
#include "header_file.hpp"
#include "sallyport/base/directory.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/regular_file.hpp"
#include "sallyport/base/text.hpp"
#include "sqlcipher.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;
using base::SecretBytes;
namespace fs = std::filesystem;

constexpr const char* kNewDirectory = ".new";

/// One process at a time. Released by the kernel when the holder dies.
base::Result<base::UniqueFd> take_lock(const fs::path& data) {
  SALLYPORT_TRY(const auto directory, base::Directory::open(data));
  SALLYPORT_TRY(auto fd, directory.open_file(kLockFile, O_RDWR | O_CREAT));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK)
    return base::fail(Errc::unavailable, data.string() + ": another process has this vault open; stop it first");
  return base::fail_errno(data.string() + ": cannot be locked", errno);
}

base::Result<> refuse_existing(const fs::path& data) {
  std::error_code ignored;
  for (const char* name : {kHeaderFile, kStoreFile})
    if (fs::exists(fs::symlink_status(data / name, ignored)))
      return base::fail(Errc::exists, (data / name).string() + ": there is a vault already; it is left as it is");
  return base::ok();
}

base::Result<std::vector<Slot>> make_slots(const fs::path& data, const NewSlots& wanted, const VaultId& id,
                                           const SecretBytes& root) {
  std::vector<Slot> slots;
  if (wanted.passphrase != nullptr) {
    SALLYPORT_TRY(auto slot, make_passphrase_slot(id, root, *wanted.passphrase, wanted.cost));
    slots.push_back(std::move(slot));
  }
  if (wanted.development) {
    SALLYPORT_TRY(const SecretBytes key, make_development_key(data));
    slots.push_back(make_development_slot(id, root, key));
  }
  if (slots.empty()) return base::fail(Errc::invalid, "a new vault needs a passphrase or a development slot");
  return slots;
}

base::Result<> write_first_rows(Database& database, const VaultId& id, Keyring& keys, const base::Clock& clock) {
  SALLYPORT_TRY(auto transaction, database.begin());
  SALLYPORT_TRYV(transaction.execute("INSERT INTO vault_meta(name, value) VALUES('vault_id', $1)", id));
  SALLYPORT_TRYV(
      transaction.execute("INSERT INTO audit_frontier(id, frontier) VALUES(1, $1)", audit::Frontier().encode()));
  SALLYPORT_TRYV(keys.create_kek(transaction, id, base::to_unix_ms(clock.wall())));
  return transaction.commit();
}

/// Made aside and moved into place whole: closing the last connection folds the WAL into the file.
base::Result<> make_store(const fs::path& data, const VaultId& id, const SecretBytes& root, const base::Clock& clock) {
  const fs::path aside = data / kNewDirectory;
  std::error_code ignored;
  fs::remove_all(aside, ignored);
  SALLYPORT_TRYV(base::make_private_directory(aside));
  Keyring keys(root);
  {
    SALLYPORT_TRY(auto connection, open_sqlcipher(aside / kStoreFile, keys.page_key(), OpenMode::create));
    Database database(std::move(connection));
    SALLYPORT_TRYV(migrate(database, std::span(&kCoreSeries, 1)));
    SALLYPORT_TRYV(write_first_rows(database, id, keys, clock));
  }
  if (::rename((aside / kStoreFile).c_str(), (data / kStoreFile).c_str()) != 0)
    return base::fail_errno(data.string() + ": the new store cannot be moved into place", errno);
  fs::remove_all(aside, ignored);
  return base::sync_directory(data);
}

base::Result<> check_vault_id(Transaction& transaction, const VaultId& id, const std::string& name) {
  SALLYPORT_TRY(auto rows, transaction.query("SELECT value FROM vault_meta WHERE name = 'vault_id'"));
  SALLYPORT_TRY(const bool found, rows.next());
  if (found && std::ranges::equal(rows.blob(0), id)) return base::ok();
  return base::fail(Errc::corrupt, name + ": the store and the header are of two vaults; restore both from one backup");
}

base::Result<std::optional<std::string>> unacknowledged_rollback(Transaction& transaction) {
  SALLYPORT_TRY(auto rows, transaction.query("SELECT value FROM vault_meta WHERE name = 'rollback_suspected'"));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? std::optional(std::string(base::as_text(rows.blob(0)))) : std::nullopt;
}

}  // namespace

base::Result<> Vault::create(const fs::path& data, const NewSlots& slots, const base::Clock& clock) {
  SALLYPORT_TRYV(base::make_private_directory(data));
  SALLYPORT_TRY(const auto lock, take_lock(data));
  SALLYPORT_TRYV(refuse_existing(data));
  const SecretBytes root = SecretBytes::random(base::kKeySize);
  Header header;
  header.generation = 0;  // write_header() makes it 1
  base::random_bytes(header.vault_id);
  SALLYPORT_TRY(header.slots, make_slots(data, slots, header.vault_id, root));
  auto made = make_store(data, header.vault_id, root, clock);
  if (made) made = write_header(data, std::move(header), root);
  std::error_code ignored;
  if (made) return made;
  for (const auto* file : {kStoreFile, kHeaderFile}) fs::remove(data / file, ignored);
  return made;  // nobody could ever open what was there, and the next try would meet it
}

Vault::Vault(fs::path data, Keyring keys, const base::Clock& clock)
    : data_(std::move(data)), clock_(clock), keys_(std::move(keys)) {}

Vault::~Vault() {
  if (audit_ && audit_->size() != 0) audit_->keep_beside(true);
}

base::Result<std::unique_ptr<Vault>> Vault::open(const fs::path& data, const SecretBytes& root,
                                                 std::span<const MigrationSeries> series, const base::Clock& clock) {
  std::unique_ptr<Vault> vault(new Vault(data, Keyring(root), clock));
  SALLYPORT_TRY(vault->lock_, take_lock(data));
  SALLYPORT_TRY(const auto bytes, base::read_regular_file(data / kHeaderFile, Header::kMaxSize));
  SALLYPORT_TRY(const Header header, Header::parse_verified(bytes, root));
  vault->id_ = header.vault_id;
  SALLYPORT_TRYV(vault->open_store(series));
  return vault;
}

base::Result<> Vault::open_store(std::span<const MigrationSeries> series) {
  SALLYPORT_TRY(auto connection, open_sqlcipher(data_ / kStoreFile, keys_.page_key(), OpenMode::existing));
  database_ = std::make_unique<Database>(std::move(connection));
  std::vector<MigrationSeries> all{kCoreSeries};
  all.insert(all.end(), series.begin(), series.end());
  SALLYPORT_TRYV(migrate(*database_, all));

  SALLYPORT_TRY(auto transaction, begin_read());
  SALLYPORT_TRYV(check_vault_id(transaction, id_, database_->name()));
  SALLYPORT_TRYV(keys_.load_keks(transaction, id_));
  auto log =
      std::make_unique<AuditLog>(keys_.audit_key(), "sallyport/" + base::hex(id_), data_ / kCheckpointFile, clock_);
  SALLYPORT_TRYV(log->load(transaction));
  SALLYPORT_TRY(rollback_warning_, log->compare_beside(transaction));
  if (!rollback_warning_) {
    SALLYPORT_TRY(rollback_warning_, unacknowledged_rollback(transaction));
  }
  audit_ = std::move(log);
  return base::ok();
}

base::Result<> Vault::keep_rollback_warning(AuditedTransaction& transaction) const {
  if (!rollback_warning_) return base::ok();
  SALLYPORT_TRYV(acknowledge_rollback(transaction));
  SALLYPORT_TRYV(transaction.sql().execute("INSERT INTO vault_meta(name, value) VALUES('rollback_suspected', $1)",
                                           base::as_bytes(*rollback_warning_)));
  return base::ok();
}

base::Result<> Vault::acknowledge_rollback(AuditedTransaction& transaction) const {
  SALLYPORT_TRYV(transaction.sql().execute("DELETE FROM vault_meta WHERE name = 'rollback_suspected'"));
  return base::ok();
}

base::Result<AuditedTransaction> Vault::begin() {
  SALLYPORT_TRY(auto transaction, database_->begin());
  return AuditedTransaction(std::move(transaction), *audit_);
}

base::Result<Transaction> Vault::begin_read() { return database_->begin(Access::read); }

base::Result<std::vector<AuditEntry>> Vault::audit_entries(std::uint64_t from, std::size_t count) {
  SALLYPORT_TRY(auto transaction, begin_read());
  return audit_->entries(transaction, from, count);
}

base::Result<audit::Report> Vault::verify_audit(audit::Expectation expectation) {
  SALLYPORT_TRY(auto transaction, begin_read());
  return audit_->verify(transaction, std::move(expectation));
}

base::Result<> Vault::export_audit(int fd) {
  SALLYPORT_TRY(auto transaction, begin_read());
  return audit_->export_to(transaction, fd);
}

base::Result<std::uint32_t> Vault::create_kek(AuditedTransaction& transaction) {
  return keys_.create_kek(transaction.sql(), id_, base::to_unix_ms(clock_.wall()));
}

base::Result<> Vault::reload_keys() {
  SALLYPORT_TRY(auto transaction, begin_read());
  return keys_.load_keks(transaction, id_);
}

}  // namespace sallyport::vault
