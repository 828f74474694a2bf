#include "sallyport/vault/target.hpp"

#include <algorithm>

#include "sallyport/base/names.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/rows.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

constexpr std::size_t kMaxHost = 255;

base::Error unknown_target(std::string_view name) {
  return base::fail(Errc::not_found, "target " + std::string(name) + " is not known");
}

base::Result<std::vector<certs::SshPublicKey>> read_host_keys(Transaction& tx, const base::TargetId& id) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT blob FROM target_host_key WHERE target_id = $1 ORDER BY place", id));
  return read_all(std::move(rows), [](const Statement& row) -> base::Result<certs::SshPublicKey> {
    auto key = certs::SshPublicKey::parse_blob(row.blob(0));
    if (!key) return corrupt_row("host key");
    return key;
  });
}

base::Result<> write_host_keys(Transaction& tx, const base::TargetId& id,
                               const std::vector<certs::SshPublicKey>& keys) {
  if (keys.size() > kMaxHostKeys) return base::fail(Errc::limit, "a target has at most 16 host keys");
  SALLYPORT_TRYV(tx.execute("DELETE FROM target_host_key WHERE target_id = $1", id));
  std::int64_t place = 0;
  for (const certs::SshPublicKey& key : keys) {
    SALLYPORT_TRYV(
        tx.execute("INSERT INTO target_host_key (target_id, place, blob) VALUES ($1, $2, $3)", id, place, key.blob()));
    ++place;
  }
  return base::ok();
}

/// Columns: id, name, host, port, labels, created_ms.
base::Result<Target> read_target(Transaction& tx, const Statement& row) {
  SALLYPORT_TRY(auto id, read_id<base::TargetId>(row, 0));
  SALLYPORT_TRY(auto labels, read_labels(row, 4));
  SALLYPORT_TRY(auto keys, read_host_keys(tx, id));
  return Target{std::move(id),     read_text(row, 1), read_text(row, 2), static_cast<std::uint16_t>(row.integer(3)),
                std::move(labels), std::move(keys),   read_time(row, 5)};
}

base::Result<Target> read_one(Transaction& tx, Statement rows, std::string_view name) {
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return unknown_target(name);
  return read_target(tx, rows);
}

base::Result<> check_port(std::uint16_t port) {
  if (port == 0) return base::fail(Errc::invalid, "a port is 1 to 65535");
  return base::ok();
}

}  // namespace

base::Result<std::string> check_host(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':' || c == '_' || c == '%';
  };
  if (host.empty() || host.size() > kMaxHost || host.front() == '-' ||
      !std::all_of(host.begin(), host.end(), allowed)) {
    return base::fail(Errc::invalid, "a host is a DNS name or an address, without brackets and port");
  }
  return std::string(host);
}

base::Result<Target> add_target(Transaction& tx, const NewTarget& wanted, const Moment& now) {
  SALLYPORT_TRY(auto name, base::check_name(wanted.name, "target"));
  SALLYPORT_TRY(auto host, check_host(wanted.host));
  SALLYPORT_TRYV(check_port(wanted.port));
  SALLYPORT_TRY(const bool taken, exists(tx, "SELECT id FROM target WHERE name = $1 AND removed_ms IS NULL", name));
  if (taken) return base::fail(Errc::exists, "target " + name + " is there already");
  const auto id = base::TargetId::random();
  SALLYPORT_TRYV(
      tx.execute("INSERT INTO target (id, name, host, port, labels, created_ms) VALUES ($1, $2, $3, $4, $5, $6)", id,
                 name, host, wanted.port, format_labels(wanted.labels), wall_ms(now)));
  SALLYPORT_TRYV(write_host_keys(tx, id, wanted.host_keys));
  return get_target(tx, id);
}

base::Result<Target> find_target(Transaction& tx, std::string_view name) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, name, host, port, labels, created_ms FROM target "
                                    "WHERE name = $1 AND removed_ms IS NULL",
                                    name));
  return read_one(tx, std::move(rows), base::escape_text(name, 80));
}

base::Result<Target> get_target(Transaction& tx, const base::TargetId& id) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, name, host, port, labels, created_ms FROM target WHERE id = $1", id));
  return read_one(tx, std::move(rows), id.text());
}

base::Result<std::vector<Target>> list_targets(Transaction& tx, std::string_view after, std::size_t limit) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, name, host, port, labels, created_ms FROM target "
                                    "WHERE removed_ms IS NULL AND name > $1 ORDER BY name LIMIT $2",
                                    after, page_limit(limit)));
  return read_all(std::move(rows), [&tx](const Statement& row) { return read_target(tx, row); });
}

base::Result<Target> change_target(Transaction& tx, std::string_view name, const TargetChange& change) {
  SALLYPORT_TRY(auto target, find_target(tx, name));
  SALLYPORT_TRY(const auto host, check_host(change.host.value_or(target.host)));
  SALLYPORT_TRYV(check_port(change.port.value_or(target.port)));
  SALLYPORT_TRYV(tx.execute("UPDATE target SET host = $1, port = $2, labels = $3 WHERE id = $4", host,
                            change.port.value_or(target.port), format_labels(change.labels.value_or(target.labels)),
                            target.id));
  if (change.host_keys) {
    SALLYPORT_TRYV(write_host_keys(tx, target.id, *change.host_keys));
  }
  return get_target(tx, target.id);
}

base::Result<> remove_target(Transaction& tx, std::string_view name, const Moment& now) {
  SALLYPORT_TRY(const auto target, find_target(tx, name));
  SALLYPORT_TRY(const bool used,
                exists(tx, "SELECT id FROM account WHERE target_id = $1 AND removed_ms IS NULL LIMIT 1", target.id));
  if (used) return base::fail(Errc::conflict, "target " + target.name + " still has accounts; remove them first");
  SALLYPORT_TRYV(tx.execute("UPDATE target SET removed_ms = $1 WHERE id = $2", wall_ms(now), target.id));
  return base::ok();
}

}  // namespace sallyport::vault
