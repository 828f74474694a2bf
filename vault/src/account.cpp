#include "sallyport/vault/account.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"
#include "sallyport/vault/rows.hpp"
#include "sallyport/vault/target.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

constexpr std::size_t kMaxLogin = 64;
constexpr base::Seconds kLeastDuration{60};
constexpr base::Seconds kMostDuration{std::chrono::hours{24 * 7}};
constexpr base::Seconds kMostReuse{std::chrono::minutes{15}};

// A literal, because Sql takes nothing else. What read_account takes, in its order; a and t are account and target.
#define SALLYPORT_ACCOUNT_COLUMNS                                                                                  \
  "SELECT a.id, a.name, t.name, a.target_id, a.login, a.kind, a.labels, t.labels, a.exclusive, a.max_duration_s, " \
  "a.rotate_after_reveal, a.rotation_interval_s, a.reconcile_id, a.created_ms, a.code_reuse_s "                    \
  "FROM account a JOIN target t ON t.id = a.target_id "

base::Result<Account> read_account(const Statement& row) {
  SALLYPORT_TRY(auto id, read_id<base::AccountId>(row, 0));
  SALLYPORT_TRY(auto target, read_id<base::TargetId>(row, 3));
  SALLYPORT_TRY(const auto kind, read_enum(row, 5, AccountKind::ssh_key));
  SALLYPORT_TRY(auto labels, read_labels(row, 6));
  SALLYPORT_TRY(const auto target_labels, read_labels(row, 7));
  SALLYPORT_TRY(auto reconcile, read_maybe_id<base::AccountId>(row, 12));
  Labels all = merge_labels(target_labels, labels);
  const AccountPolicy policy{row.boolean(8), base::Seconds(row.integer(9)), row.boolean(10),
                             base::Seconds(row.integer(11)), base::Seconds(row.integer(14))};
  return Account{std::move(id),
                 {read_text(row, 1), read_text(row, 2)},
                 std::move(target),
                 read_text(row, 4),
                 kind,
                 std::move(labels),
                 std::move(all),
                 policy,
                 std::move(reconcile),
                 read_time(row, 13)};
}

base::Result<Account> read_one(Statement rows, const std::string& name) {
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return base::fail(Errc::not_found, "account " + name + " is not known");
  return read_account(rows);
}

base::Result<std::optional<base::AccountId>> find_reconcile(Transaction& tx,
                                                            const std::optional<base::AccountName>& name,
                                                            const base::AccountName& of) {
  if (!name) return std::optional<base::AccountId>();
  if (*name == of || name->target != of.target) {
    return base::fail(Errc::invalid,
                      "the reconcile account of " + of.text() + " must be another one on the same target");
  }
  SALLYPORT_TRY(auto account, find_account(tx, *name));
  return std::optional<base::AccountId>(std::move(account.id));
}

/// Errc::conflict if something living leans on the account.
base::Result<> check_removable(Transaction& tx, const Account& account) {
  const auto refuse = [&](std::string_view why) {
    return base::fail(Errc::conflict, "account " + account.name.text() + " " + std::string(why));
  };
  SALLYPORT_TRY(const bool out,
                exists(tx, "SELECT id FROM checkout WHERE account_id = $1 AND state = 1 LIMIT 1", account.id));
  if (out) return refuse("is checked out");
  SALLYPORT_TRY(const bool rotating,
                exists(tx, "SELECT id FROM rotation WHERE account_id = $1 AND finished_ms IS NULL", account.id));
  if (rotating) return refuse("is being rotated");
  SALLYPORT_TRY(
      const bool needed,
      exists(tx, "SELECT id FROM account WHERE reconcile_id = $1 AND removed_ms IS NULL LIMIT 1", account.id));
  if (needed) return refuse("is the reconcile account of another one");
  return base::ok();
}

}  // namespace

std::string_view to_string(AccountKind kind) noexcept {
  return kind == AccountKind::ssh_key ? "ssh_key" : "unix_password";
}

base::Result<AccountKind> parse_account_kind(std::string_view word) {
  if (word == "unix_password") return AccountKind::unix_password;
  if (word == "ssh_key") return AccountKind::ssh_key;
  return base::fail(Errc::invalid, "an account's kind is unix_password or ssh_key");
}

base::Result<std::string> check_login(std::string_view login) {
  static constexpr std::string_view kRefused = "\"'`:/\\";
  const auto bad = [](char c) { return c <= ' ' || c > '~' || kRefused.find(c) != std::string_view::npos; };
  if (login.empty() || login.size() > kMaxLogin || login.front() == '-' ||
      std::any_of(login.begin(), login.end(), bad)) {
    return base::fail(Errc::invalid,
                      "a login on a target is 1 to 64 printable characters without space, quotes, colon and slashes");
  }
  return std::string(login);
}

base::Result<> check_policy(const AccountPolicy& policy) {
  if (policy.max_duration < kLeastDuration || policy.max_duration > kMostDuration) {
    return base::fail(Errc::invalid, "the longest checkout is 1 minute to 7 days");
  }
  if (policy.rotation_interval != base::Seconds{0} && policy.rotation_interval < kLeastDuration) {
    return base::fail(Errc::invalid, "a rotation interval is at least 1 minute; 0 is never");
  }
  if (policy.code_reuse < base::Seconds{0} || policy.code_reuse > kMostReuse) {
    return base::fail(Errc::invalid, "a code given at sign-in counts for checkouts for 15 minutes at most; 0 is never");
  }
  return base::ok();
}

base::Result<Account> add_account(Transaction& tx, const NewAccount& wanted, const Moment& now) {
  SALLYPORT_TRY(const auto name, base::check_name(wanted.name.account, "account"));
  SALLYPORT_TRY(const auto login, check_login(wanted.login.empty() ? name : wanted.login));
  SALLYPORT_TRYV(check_policy(wanted.policy));
  SALLYPORT_TRY(const auto target, find_target(tx, wanted.name.target));
  SALLYPORT_TRY(const auto reconcile, find_reconcile(tx, wanted.reconcile, wanted.name));
  SALLYPORT_TRY(
      const bool taken,
      exists(tx, "SELECT id FROM account WHERE target_id = $1 AND name = $2 AND removed_ms IS NULL", target.id, name));
  if (taken) return base::fail(Errc::exists, "account " + wanted.name.text() + " is there already");
  const auto id = base::AccountId::random();
  const AccountPolicy& policy = wanted.policy;
  SALLYPORT_TRYV(
      tx.execute("INSERT INTO account (id, target_id, name, login, kind, labels, exclusive, max_duration_s, "
                 "rotate_after_reveal, rotation_interval_s, reconcile_id, created_ms, code_reuse_s) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                 id, target.id, name, login, static_cast<int>(wanted.kind), format_labels(wanted.labels),
                 policy.exclusive, policy.max_duration.count(), policy.rotate_after_reveal,
                 policy.rotation_interval.count(), reconcile, wall_ms(now), policy.code_reuse.count()));
  return get_account(tx, id);
}

base::Result<Account> find_account(Transaction& tx, const base::AccountName& name) {
  SALLYPORT_TRY(auto rows,
                tx.query(SALLYPORT_ACCOUNT_COLUMNS
                         "WHERE t.name = $1 AND a.name = $2 AND t.removed_ms IS NULL AND a.removed_ms IS NULL",
                         name.target, name.account));
  return read_one(std::move(rows), base::escape_text(name.text(), 160));
}

base::Result<Account> get_account(Transaction& tx, const base::AccountId& id) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_ACCOUNT_COLUMNS "WHERE a.id = $1", id));
  return read_one(std::move(rows), id.text());
}

base::Result<std::vector<Account>> list_accounts(Transaction& tx, const std::optional<base::AccountName>& after,
                                                 std::size_t limit) {
  const base::AccountName from = after.value_or(base::AccountName{});
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_ACCOUNT_COLUMNS
                                    "WHERE a.removed_ms IS NULL AND (t.name > $1 OR (t.name = $1 AND a.name > $2)) "
                                    "ORDER BY t.name, a.name LIMIT $3",
                                    from.target, from.account, page_limit(limit)));
  return read_all(std::move(rows), read_account);
}

base::Result<Account> change_account(Transaction& tx, const base::AccountName& name, const AccountChange& change) {
  SALLYPORT_TRY(auto account, find_account(tx, name));
  SALLYPORT_TRY(const auto login, check_login(change.login.value_or(account.login)));
  const AccountPolicy policy = change.policy.value_or(account.policy);
  SALLYPORT_TRYV(check_policy(policy));
  if (change.reconcile) {
    SALLYPORT_TRY(account.reconcile, find_reconcile(tx, *change.reconcile, name));
  }
  SALLYPORT_TRYV(tx.execute(
      "UPDATE account SET login = $1, labels = $2, exclusive = $3, max_duration_s = $4, "
      "rotate_after_reveal = $5, rotation_interval_s = $6, reconcile_id = $7, code_reuse_s = $8 WHERE id = $9",
      login, format_labels(change.labels.value_or(account.labels)), policy.exclusive, policy.max_duration.count(),
      policy.rotate_after_reveal, policy.rotation_interval.count(), account.reconcile, policy.code_reuse.count(),
      account.id));
  return get_account(tx, account.id);
}

base::Result<> remove_account(Transaction& tx, const base::AccountName& name, const Moment& now) {
  SALLYPORT_TRY(const auto account, find_account(tx, name));
  SALLYPORT_TRYV(check_removable(tx, account));
  SALLYPORT_TRYV(tx.execute("DELETE FROM rotation_queue WHERE account_id = $1", account.id));
  SALLYPORT_TRYV(tx.execute("UPDATE account SET removed_ms = $1 WHERE id = $2", wall_ms(now), account.id));
  return base::ok();
}

}  // namespace sallyport::vault
