#pragma once
// One-time passcodes: RFC 4226 (HOTP) and RFC 6238 (TOTP), SHA-1, six digits, 30 seconds: what every authenticator
// application takes. Mathematics here; what is stored about persons in totp_store.hpp.
#include <cstdint>
#include <optional>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::vault {

inline constexpr std::size_t kTotpSeedSize = 20;
inline constexpr std::size_t kTotpDigits = 6;
inline constexpr base::Seconds kTotpPeriod{30};

/// RFC 4226 section 5.3: `digits` (6 to 8) ASCII digits.
base::SecretBytes hotp(const base::SecretBytes& seed, std::uint64_t counter, std::size_t digits = kTotpDigits);
/// RFC 6238 section 4.2. Times before 1970 are step 0.
std::uint64_t totp_step(base::WallTime time) noexcept;

/// Exactly six ASCII digits. Nothing is trimmed or folded: white space, signs and full-width digits are refused.
bool is_totp_format(base::ByteView code) noexcept;
/// The step among step-1, step, step+1 whose code this is. All three are computed and compared whatever comes, each in
/// constant time; the newest wins where two agree.
std::optional<std::uint64_t> match_totp(const base::SecretBytes& seed, base::ByteView code, std::uint64_t step);

/// otpauth://totp/ISSUER:USER?secret=...&issuer=...&algorithm=SHA1&digits=6&period=30, percent-encoded.
base::SecretBytes otpauth_uri(const base::SecretBytes& seed, std::string_view issuer, std::string_view user);

}  // namespace sallyport::vault
