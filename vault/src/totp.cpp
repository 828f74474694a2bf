#include "sallyport/vault/totp.hpp"

#include <algorithm>
#include <array>

#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::vault {

namespace {

constexpr std::array<std::uint32_t, 3> kModulus = {1'000'000, 10'000'000, 100'000'000};  // six, seven, eight digits

/// RFC 4226 section 5.3: dynamic truncation to 31 bits.
std::uint32_t truncate(const std::array<std::uint8_t, 20>& mac) noexcept {
  const std::size_t offset = mac[19] & 0x0FU;
  return (std::uint32_t{mac[offset]} & 0x7FU) << 24U | std::uint32_t{mac[offset + 1]} << 16U |
         std::uint32_t{mac[offset + 2]} << 8U | std::uint32_t{mac[offset + 3]};
}

/// RFC 3986 section 2.3: all but the unreserved characters, as %XX.
std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4U], kHex[byte & 0x0FU]};
  }
  return out;
}

}  // namespace

base::SecretBytes hotp(const base::SecretBytes& seed, std::uint64_t counter, std::size_t digits) {
  SALLYPORT_ENSURE(digits >= 6 && digits <= 8);
  base::Writer message;
  message.u64(counter);
  std::array<std::uint8_t, 20> mac = base::hmac_sha1(seed.expose(), message.bytes());
  std::uint32_t number = truncate(mac) % kModulus[digits - 6];
  base::wipe(mac);
  base::SecretBytes code(digits);
  for (std::size_t i = digits; i-- > 0; number /= 10) {
    code.expose_mutable()[i] = static_cast<std::uint8_t>('0' + number % 10);
  }
  return code;
}

std::uint64_t totp_step(base::WallTime time) noexcept {
  const std::int64_t ms = base::to_unix_ms(time);
  return ms < 0 ? 0
                : static_cast<std::uint64_t>(ms) / static_cast<std::uint64_t>(base::Milliseconds(kTotpPeriod).count());
}

bool is_totp_format(base::ByteView code) noexcept {
  return code.size() == kTotpDigits &&
         std::all_of(code.begin(), code.end(), [](std::uint8_t c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint64_t> match_totp(const base::SecretBytes& seed, base::ByteView code, std::uint64_t step) {
  if (!is_totp_format(code)) return std::nullopt;
  std::optional<std::uint64_t> matched;
  // Oldest first and no break: the time taken does not tell which step it was, and the newest of two equals is kept.
  for (const std::uint64_t candidate : {step == 0 ? step : step - 1, step, step + 1}) {
    if (base::equals_ct(hotp(seed, candidate).expose(), code)) matched = candidate;
  }
  return matched;
}

// SHA-1, six digits and 30 s are what its parameters mean when they are left out; the QR code gets smaller.
base::SecretBytes otpauth_uri(const base::SecretBytes& seed, std::string_view issuer, std::string_view user) {
  const std::string by = percent_encode(issuer);
  base::SecretWriter uri;
  uri.raw(base::as_bytes("otpauth://totp/")).raw(base::as_bytes(by)).raw(base::as_bytes(":"));
  uri.raw(base::as_bytes(percent_encode(user))).raw(base::as_bytes("?secret="));
  uri.raw(base::base32_secret(seed).expose());
  uri.raw(base::as_bytes("&issuer=")).raw(base::as_bytes(by));
  return std::move(uri).take();
}

}  // namespace sallyport::vault
