#include "sallyport/access/login_key.hpp"

#include "sallyport/base/text.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::access {

using base::Errc;
using vault::Statement;
using vault::Transaction;

namespace {

/// Columns: person_id, blob, comment, added_ms.
base::Result<LoginKey> read_key(const Statement& row) {
  SALLYPORT_TRY(auto user, vault::read_id<base::UserId>(row, 0));
  auto key = certs::SshPublicKey::parse_blob(row.blob(1));
  if (!key) return vault::corrupt_row("login key");
  return LoginKey{std::move(user), std::move(key).value().with_comment(vault::read_text(row, 2)),
                  vault::read_time(row, 3)};
}

}  // namespace

base::Result<LoginKey> add_login_key(Transaction& tx, const base::UserId& user, const certs::SshPublicKey& key,
                                     const vault::Moment& now) {
  SALLYPORT_TRY(const bool taken,
                vault::exists(tx, "SELECT person_id FROM login_key WHERE fingerprint = $1", key.fingerprint()));
  // Not whose: that is nothing a person may learn by offering keys.
  if (taken) return base::fail(Errc::exists, "this SSH key is in use already: " + key.fingerprint());
  SALLYPORT_TRY(const auto keys, list_login_keys(tx, user));
  if (keys.size() >= kMaxLoginKeys) return base::fail(Errc::limit, "a user has at most 32 SSH keys");
  SALLYPORT_TRYV(
      tx.execute("INSERT INTO login_key (fingerprint, person_id, blob, comment, added_ms) VALUES ($1, $2, $3, $4, $5)",
                 key.fingerprint(), user, key.blob(), key.comment(), vault::wall_ms(now)));
  return LoginKey{user, key, now.wall};
}

base::Result<> remove_login_key(Transaction& tx, const base::UserId& user, std::string_view fingerprint) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("DELETE FROM login_key WHERE person_id = $1 AND fingerprint = $2", user, fingerprint));
  if (changed != 1)
    return base::fail(Errc::not_found, "SSH key " + base::escape_text(fingerprint, 80) + " is not known");
  return base::ok();
}

base::Result<std::vector<LoginKey>> list_login_keys(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT person_id, blob, comment, added_ms FROM login_key WHERE person_id = $1 "
                                    "ORDER BY added_ms, fingerprint",
                                    user));
  return vault::read_all(std::move(rows), read_key);
}

base::Result<std::optional<LoginKey>> find_login_key(Transaction& tx, base::ByteView blob) {
  auto offered = certs::SshPublicKey::parse_blob(blob);
  if (!offered) return std::optional<LoginKey>();
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT k.person_id, k.blob, k.comment, k.added_ms FROM login_key k JOIN person u ON u.id = k.person_id "
               "WHERE k.fingerprint = $1 AND k.blob = $2 AND u.disabled = 0 AND u.removed_ms IS NULL",
               offered.value().fingerprint(), blob));
  return vault::read_first(std::move(rows), read_key);
}

}  // namespace sallyport::access
