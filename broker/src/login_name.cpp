#include "sallyport/broker/login_name.hpp"

#include <algorithm>
#include <vector>

#include "sallyport/base/text.hpp"

namespace sallyport::broker {
namespace {

constexpr std::string_view kSeparators = "+@";

base::Error refuse(std::string_view text, std::string_view why) {
  return base::fail(base::Errc::invalid, "login name \"" + base::escape_text(text, 64) + "\" " + std::string(why));
}

/// At most one part more than a login name may have: enough to see that there are too many.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (parts.size() < 3) {
    const auto at = text.find_first_of(kSeparators);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

}  // namespace

std::string LoginName::text() const {
  std::string text = user.value_or("");
  if (!account) return text;
  if (user) text += '+';
  return text + account->account + '+' + account->target;
}

base::Result<LoginName> parse_login_name(std::string_view text) {
  if (text.size() > kMaxLoginName) return refuse(text, "is too long");
  const auto parts = split(text);
  if (parts.size() > 3) return refuse(text, "has more than three parts");
  if (std::any_of(parts.begin(), parts.end(), [](auto part) { return part.empty(); })) {
    return refuse(text, "has an empty part");
  }
  static constexpr std::string_view kWhat[] = {"user", "account", "target"};
  const std::size_t first = parts.size() == 2 ? 1 : 0;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto name = base::check_name(parts[i], kWhat[first + i]);
    if (!name) return name.error().within("login name");
    names.push_back(std::move(name).value());
  }
  LoginName login;
  if (parts.size() != 2) login.user = names.front();
  if (parts.size() > 1) login.account = base::AccountName{names[parts.size() - 2], names.back()};
  return login;
}

}  // namespace sallyport::broker
