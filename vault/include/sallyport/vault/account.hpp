#pragma once
// Accounts on targets: what is lent. Their secrets stand in secret.hpp.
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/vault/labels.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {

class Transaction;

enum class AccountKind : unsigned char { unix_password = 1, ssh_key = 2 };
std::string_view to_string(AccountKind kind) noexcept;  ///< "unix_password", "ssh_key"
base::Result<AccountKind> parse_account_kind(std::string_view word);

inline constexpr base::Seconds kReuseOnce{60};

/// How an account is lent and how its secret is renewed.
struct AccountPolicy {
  bool exclusive = true;                              ///< one checkout at a time
  base::Seconds max_duration{std::chrono::hours{8}};  ///< of one checkout: 1 minute to 7 days
  bool rotate_after_reveal = true;                    ///< at check-in of a checkout whose value was seen
  base::Seconds rotation_interval{0};                 ///< by schedule; zero is never, else at least 1 minute
  /// A one-time code given at sign-in counts for checkouts this long, at most 15 minutes; for one checkout only where
  /// that is no longer than kReuseOnce. Zero: each takes its own code.
  base::Seconds code_reuse{60};
};

struct Account {
  base::AccountId id;
  base::AccountName name;  ///< "root@web1"
  base::TargetId target;
  std::string login;  ///< the name on the target: what the broker signs in as
  AccountKind kind = AccountKind::unix_password;
  Labels labels;      ///< its own
  Labels all_labels;  ///< merged with its target's: what roles select by
  AccountPolicy policy;
  std::optional<base::AccountId> reconcile;  ///< the account on the same target that may set this one's secret
  base::WallTime created{};
};

struct NewAccount {
  base::AccountName name;
  std::string login;  ///< empty: the same as name.account
  AccountKind kind = AccountKind::unix_password;
  Labels labels;
  AccountPolicy policy;
  std::optional<base::AccountName> reconcile;
};

struct AccountChange {
  std::optional<std::string> login;
  std::optional<Labels> labels;
  std::optional<AccountPolicy> policy;
  std::optional<std::optional<base::AccountName>> reconcile;  ///< present and empty: takes it away
};

/// Errc::not_found when the target is not known; Errc::exists; Errc::invalid (login, policy, reconcile on another
/// target).
base::Result<Account> add_account(Transaction& tx, const NewAccount& wanted, const Moment& now);
base::Result<Account> find_account(Transaction& tx, const base::AccountName& name);
/// Also a removed one: history refers to it.
base::Result<Account> get_account(Transaction& tx, const base::AccountId& id);
/// By target and name. `after` is the last one of the page before.
base::Result<std::vector<Account>> list_accounts(Transaction& tx, const std::optional<base::AccountName>& after = {},
                                                 std::size_t limit = 1000);
base::Result<Account> change_account(Transaction& tx, const base::AccountName& name, const AccountChange& change);
/// Marks it removed. Errc::conflict while it is checked out, is being rotated, or reconciles another account.
base::Result<> remove_account(Transaction& tx, const base::AccountName& name, const Moment& now);

/// 1-64 bytes, printable ASCII without space, quotes, colon, slash, backslash or a leading '-': what every Unix takes
/// and what libssh passes on unchanged.
base::Result<std::string> check_login(std::string_view login);
base::Result<> check_policy(const AccountPolicy& policy);

}  // namespace sallyport::vault
