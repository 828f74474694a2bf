#include "sallyport/base/result.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <system_error>

namespace sallyport::base {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::exists:
      return "exists";
    case Errc::denied:
      return "denied";
    case Errc::unauthenticated:
      return "unauthenticated";
    case Errc::locked_out:
      return "locked_out";
    case Errc::conflict:
      return "conflict";
    case Errc::sealed:
      return "sealed";
    case Errc::unavailable:
      return "unavailable";
    case Errc::timed_out:
      return "timed_out";
    case Errc::corrupt:
      return "corrupt";
    case Errc::limit:
      return "limit";
    case Errc::unsupported:
      return "unsupported";
    case Errc::io:
      return "io";
    case Errc::closed:
      return "closed";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

std::string Error::describe() const { return std::string(to_string(code_)) + ": " + context_; }

Error Error::within(std::string_view outer) const { return {code_, std::string(outer) + ": " + context_}; }

Error fail_errno(std::string context, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  const Errc code = error_number == ENOENT ? Errc::not_found : full ? Errc::unavailable : Errc::io;
  return {code, std::move(context) + ": " + std::generic_category().message(error_number)};
}

void ensure_failed(const char* condition, const char* file, int line) noexcept {
  // No allocation and no locks: the process may be in any state.
  char text[512];
  const int length =
      std::snprintf(text, sizeof text, "sallyport: broken invariant: %s (%s:%d)\n", condition, file, line);
  if (length > 0) {
    const auto size = std::min(static_cast<std::size_t>(length), sizeof text - 1);
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text, size);
  }
  std::abort();
}

}  // namespace sallyport::base
