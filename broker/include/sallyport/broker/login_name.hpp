#pragma once
// The SSH login name as the way to a target: alice+root+web1 (format: docs/login_names.md). Sans I/O, no state.
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/names.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::broker {

/// Three names and two separators, each name at most base::kMaxName.
inline constexpr std::size_t kMaxLoginName = 3 * base::kMaxName + 2;

/// What a login name asks for. At least one of `user` and `account` is there.
struct LoginName {
  std::optional<std::string> user;           ///< absent: the offered key says who
  std::optional<base::AccountName> account;  ///< absent: no account chosen

  /// The canonical form, with '+'.
  std::string text() const;
  friend bool operator==(const LoginName&, const LoginName&) = default;
};

/// `user+account+target`, `account+target` or `user`; '@' may stand for '+'. Each part follows base::check_name, so
/// upper case, Unicode, blanks, control characters and empty parts are refused. Errc::invalid with the text escaped.
base::Result<LoginName> parse_login_name(std::string_view text);

}  // namespace sallyport::broker
