#include "sallyport/vault/secret.hpp"

#include "sallyport/vault/audited_transaction.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

constexpr std::string_view kPurpose = "account";

SecretLabel label_of(const base::SecretId& id, std::uint32_t version) {
  return {kPurpose, kTenant, id.text(), version};
}

base::Result<std::uint32_t> next_version(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(auto rows,
                tx.query("SELECT version FROM secret WHERE account_id = $1 ORDER BY version DESC LIMIT 1", account));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? read_u32(rows, 0) + 1 : 1U;
}

/// Drops what is beyond the newest kKeptVersions of the history. The state stands in the statement itself: whatever the
/// numbers say, a current or pending version is not touched.
base::Result<> drop_oldest(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRYV(
      tx.execute("DELETE FROM secret WHERE account_id = $1 AND state = 3 AND version NOT IN "
                 "(SELECT version FROM secret WHERE account_id = $1 AND state = 3 ORDER BY version DESC LIMIT $2)",
                 account, kKeptVersions));
  return base::ok();
}

base::Result<SecretVersion> insert(Transaction& tx, const Keyring& keys, const base::AccountId& account,
                                   const base::SecretBytes& value, SecretState state, const Moment& now) {
  if (value.empty() || value.size() > kMaxSecretValue) return base::fail(Errc::invalid, "a secret is 1 to 16384 bytes");
  SALLYPORT_TRY(const auto version, next_version(tx, account));
  const auto id = base::SecretId::random();
  const Envelope envelope = keys.seal_secret(label_of(id, version), value);
  SALLYPORT_TRYV(
      tx.execute("INSERT INTO secret (id, account_id, version, state, kek_version, wrapped_dek, sealed, created_ms) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                 id, account, version, static_cast<int>(state), envelope.kek_version, envelope.wrapped_dek,
                 envelope.sealed, wall_ms(now)));
  SALLYPORT_TRYV(drop_oldest(tx, account));
  return SecretVersion{id, account, version, state, now.wall};
}

/// Columns: id, version, kek_version, wrapped_dek, sealed.
base::Result<base::SecretBytes> open_row(Statement rows, const Keyring& keys, const base::AccountId& account) {
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return base::fail(Errc::not_found, "account " + account.text() + " has no such secret");
  SALLYPORT_TRY(const auto id, read_id<base::SecretId>(rows, 0));
  return keys.open_secret(label_of(id, read_u32(rows, 1)), read_envelope(rows, 2));
}

/// Columns: id, account_id, version, state, created_ms.
base::Result<SecretVersion> read_version(const Statement& row) {
  SALLYPORT_TRY(auto id, read_id<base::SecretId>(row, 0));
  SALLYPORT_TRY(auto account, read_id<base::AccountId>(row, 1));
  SALLYPORT_TRY(const auto state, read_enum(row, 3, SecretState::old));
  return SecretVersion{std::move(id), std::move(account), read_u32(row, 2), state, read_time(row, 4)};
}

}  // namespace

std::string_view to_string(SecretState state) noexcept {
  switch (state) {
    case SecretState::current:
      return "current";
    case SecretState::pending:
      return "pending";
    case SecretState::old:
      break;
  }
  return "old";
}

base::Result<SecretVersion> set_secret(AuditedTransaction& tx, const Keyring& keys, const base::AccountId& account,
                                       const base::SecretBytes& value, const Moment& now) {
  Transaction& sql = tx.sql();
  SALLYPORT_TRY(const bool rotating,
                exists(sql, "SELECT id FROM rotation WHERE account_id = $1 AND finished_ms IS NULL", account));
  if (rotating) return base::fail(Errc::conflict, "account " + account.text() + " is being rotated");
  SALLYPORT_TRYV(sql.execute("UPDATE secret SET state = 3 WHERE account_id = $1 AND state IN (1, 2)", account));
  return insert(sql, keys, account, value, SecretState::current, now);
}

base::Result<SecretVersion> add_pending_secret(AuditedTransaction& tx, const Keyring& keys,
                                               const base::AccountId& account, const base::SecretBytes& value,
                                               const Moment& now) {
  SALLYPORT_TRY(const bool there,
                exists(tx.sql(), "SELECT id FROM secret WHERE account_id = $1 AND state = 2", account));
  if (there) return base::fail(Errc::conflict, "account " + account.text() + " has a pending secret already");
  return insert(tx.sql(), keys, account, value, SecretState::pending, now);
}

base::Result<base::SecretBytes> read_secret(AuditedTransaction& tx, const Keyring& keys, const base::AccountId& account,
                                            SecretState state) {
  SALLYPORT_ENSURE(state != SecretState::old);
  SALLYPORT_TRY(auto rows, tx.sql().query("SELECT id, version, kek_version, wrapped_dek, sealed FROM secret "
                                          "WHERE account_id = $1 AND state = $2",
                                          account, static_cast<int>(state)));
  return open_row(std::move(rows), keys, account);
}

base::Result<base::SecretBytes> read_secret_version(AuditedTransaction& tx, const Keyring& keys,
                                                    const base::AccountId& account, std::uint32_t version) {
  SALLYPORT_TRY(auto rows, tx.sql().query("SELECT id, version, kek_version, wrapped_dek, sealed FROM secret "
                                          "WHERE account_id = $1 AND version = $2",
                                          account, version));
  return open_row(std::move(rows), keys, account);
}

base::Result<SecretVersion> promote_pending(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(const bool there, exists(tx, "SELECT id FROM secret WHERE account_id = $1 AND state = 2", account));
  if (!there) return base::fail(Errc::conflict, "account " + account.text() + " has no pending secret");
  SALLYPORT_TRYV(tx.execute("UPDATE secret SET state = 3 WHERE account_id = $1 AND state = 1", account));
  SALLYPORT_TRYV(tx.execute("UPDATE secret SET state = 1 WHERE account_id = $1 AND state = 2", account));
  SALLYPORT_TRYV(drop_oldest(tx, account));
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, account_id, version, state, created_ms FROM secret "
                                    "WHERE account_id = $1 AND state = 1",
                                    account));
  SALLYPORT_TRYV(rows.next());
  return read_version(rows);
}

base::Result<> discard_pending(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE secret SET state = 3 WHERE account_id = $1 AND state = 2", account));
  if (changed != 1) return base::fail(Errc::conflict, "account " + account.text() + " has no pending secret");
  return drop_oldest(tx, account);
}

base::Result<std::vector<SecretVersion>> list_secret_versions(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, account_id, version, state, created_ms FROM secret "
                                    "WHERE account_id = $1 ORDER BY version DESC",
                                    account));
  return read_all(std::move(rows), read_version);
}

}  // namespace sallyport::vault
