#include "sallyport/base/names.hpp"

#include "sallyport/base/text.hpp"

namespace sallyport::base {
namespace {
constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
}

Result<std::string> check_name(std::string_view text, std::string_view what) {
  const bool ok = !text.empty() && text.size() <= kMaxName && text.front() != '-' && text.front() != '.' &&
                  text.find_first_not_of(kAllowed) == std::string_view::npos;
  if (ok) return std::string(text);
  return fail(Errc::invalid, std::string(what) + " name '" + escape_text(text, kMaxName) +
                                 "' is not allowed: use 1-64 of a-z 0-9 . _ - and start with a letter, a digit or _");
}

Result<AccountName> parse_account_name(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) {
    return fail(Errc::invalid,
                "account '" + escape_text(text, kMaxName) + "' must be written account@target, like root@web1");
  }
  SALLYPORT_TRY(auto account, check_name(text.substr(0, at), "account"));
  SALLYPORT_TRY(auto target, check_name(text.substr(at + 1), "target"));
  return AccountName{std::move(account), std::move(target)};
}

}  // namespace sallyport::base
