#pragma once
// People who may sign in. Their proofs stand in password.hpp, login_key.hpp and vault/totp_store.hpp.
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {
class Transaction;
}

namespace sallyport::access {

struct User {
  base::UserId id;
  std::string name;          ///< base::check_name; unique among users that are not removed
  std::string display_name;  ///< plain text, at most 128 bytes, may be empty
  bool disabled = false;
  bool has_password = false;
  base::WallTime created{};
};

struct NewUser {
  std::string name;
  std::string display_name;
};
struct UserChange {
  std::optional<std::string> display_name;
  std::optional<bool> disabled;
};

/// Errc::invalid, Errc::exists.
base::Result<User> add_user(vault::Transaction& tx, const NewUser& wanted, const vault::Moment& now);
/// Errc::not_found, also for a removed one. For administrators: what a stranger is told comes from password.hpp.
base::Result<User> find_user(vault::Transaction& tx, std::string_view name);
/// Also a removed one (then disabled): history refers to it.
base::Result<User> get_user(vault::Transaction& tx, const base::UserId& id);
/// By name; `after` is the last name of the page before.
base::Result<std::vector<User>> list_users(vault::Transaction& tx, std::string_view after = {},
                                           std::size_t limit = 1000);
/// Disabling ends the user's login tokens in the same transaction; the caller ends sessions and checkouts.
base::Result<User> change_user(vault::Transaction& tx, std::string_view name, const UserChange& change);
/// Disables and marks it removed, frees the name, drops password, keys, tokens and roles. The caller removes the TOTP
/// (vault::remove_totp) and revokes checkouts.
base::Result<> remove_user(vault::Transaction& tx, std::string_view name, const vault::Moment& now);
base::Result<std::int64_t> count_users(vault::Transaction& tx);

}  // namespace sallyport::access
