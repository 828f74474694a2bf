#pragma once
// Strong identifiers: 80 random bits, written as 16 lower-case base32 letters. A SessionId is no TargetId.
#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::base {

std::string random_id_text();
bool is_id_text(std::string_view text) noexcept;

template <class Tag>
class Id {
 public:
  static constexpr std::size_t kLength = 16;

  static Id random() { return Id(random_id_text()); }
  /// Exactly 16 letters of a-z2-7; anything else is Errc::invalid.
  static Result<Id> parse(std::string_view text) {
    if (!is_id_text(text))
      return fail(Errc::invalid, std::string(Tag::kName) + " id must be 16 letters of a-z and 2-7");
    return Id(std::string(text));
  }
  const std::string& text() const noexcept { return text_; }
  friend auto operator<=>(const Id&, const Id&) = default;  // NOLINT(modernize-use-nullptr): Clang 14 sees a 0 in it

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct UserTag {
  static constexpr const char* kName = "user";
};
struct TargetTag {
  static constexpr const char* kName = "target";
};
struct AccountTag {
  static constexpr const char* kName = "account";
};
struct SecretTag {
  static constexpr const char* kName = "secret";
};
struct CheckoutTag {
  static constexpr const char* kName = "checkout";
};
struct SessionTag {
  static constexpr const char* kName = "session";
};
struct RotationTag {
  static constexpr const char* kName = "rotation";
};
struct RoleTag {
  static constexpr const char* kName = "role";
};
struct RequestTag {
  static constexpr const char* kName = "request";
};

using UserId = Id<UserTag>;
using TargetId = Id<TargetTag>;
using AccountId = Id<AccountTag>;
using SecretId = Id<SecretTag>;
using CheckoutId = Id<CheckoutTag>;
using SessionId = Id<SessionTag>;
using RotationId = Id<RotationTag>;
using RoleId = Id<RoleTag>;
using RequestId = Id<RequestTag>;

}  // namespace sallyport::base
