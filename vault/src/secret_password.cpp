#include "sallyport/vault/secret_password.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "sallyport/base/crypto.hpp"

namespace sallyport::vault {

namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigit = "0123456789";
constexpr std::string_view kSymbol = "-_.+=%@#!";
constexpr std::string_view kAll = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+=%@#!";

/// One of the characters, each as likely: bytes of the last, incomplete round of the alphabet are thrown away.
std::uint8_t pick(std::string_view alphabet) {
  const std::size_t rounds = 256 / alphabet.size() * alphabet.size();
  std::array<std::uint8_t, 1> byte{};
  do {
    base::random_bytes(byte);
  } while (byte[0] >= rounds);
  return static_cast<std::uint8_t>(alphabet[byte[0] % alphabet.size()]);
}

bool has_one_of(const base::SecretBytes& password, std::string_view characters) {
  return password.expose_text().find_first_of(characters) != std::string_view::npos;
}

}  // namespace

base::Result<base::SecretBytes> generate_password(const PasswordPolicy& policy) {
  if (policy.length < 12 || policy.length > 128) {
    return base::fail(base::Errc::invalid, "a password length is 12 to 128");
  }
  const std::string_view alphabet = policy.symbols ? kAll : kAll.substr(0, kAll.size() - kSymbol.size());
  base::SecretBytes password(policy.length);
  // Drawn again as a whole until every class is there: forcing single places would make some passwords likelier.
  do {
    for (std::uint8_t& place : password.expose_mutable()) place = pick(alphabet);
  } while (!has_one_of(password, kLower) || !has_one_of(password, kUpper) || !has_one_of(password, kDigit) ||
           (policy.symbols && !has_one_of(password, kSymbol)));
  return password;
}

}  // namespace sallyport::vault
