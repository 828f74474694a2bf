#pragma once
// Names of users, targets and accounts: one rule for every path (docs: login_names.md).
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::base {

inline constexpr std::size_t kMaxName = 64;

/// 1-64 bytes of a-z 0-9 . _ -, not starting with '-' or '.'; lower case only, so that no two names differ by case or
/// by look-alike letters alone. `what` names the kind of object in the error ("user").
Result<std::string> check_name(std::string_view text, std::string_view what);

/// "root@web1": an account on a target.
struct AccountName {
  std::string account;
  std::string target;
  std::string text() const { return account + "@" + target; }
  friend bool operator==(const AccountName&, const AccountName&) = default;
};
Result<AccountName> parse_account_name(std::string_view text);

}  // namespace sallyport::base
