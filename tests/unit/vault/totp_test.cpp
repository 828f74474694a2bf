#include "sallyport/vault/totp.hpp"

#include <array>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/process.hpp"
#include "sallyport/base/text.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using base::as_bytes;
using base::SecretBytes;

namespace {

SecretBytes rfc_seed() { return SecretBytes::copy(as_bytes("12345678901234567890")); }
base::WallTime at(std::int64_t seconds) { return base::from_unix_ms(seconds * 1000); }

std::string oathtool(const SecretBytes& seed, std::int64_t seconds) {
  base::Command command;
  command.argv = {"oathtool", "--totp", "--now=@" + std::to_string(seconds), base::hex(seed.expose())};
  command.environment = {"TZ=UTC"};
  const auto finished = base::run(command);
  REQUIRE(finished.has_value());
  REQUIRE(finished.value().status == 0);
  return std::string(base::as_text(finished.value().out).substr(0, 6));
}

}  // namespace

TEST_CASE("HOTP gives every code of RFC 4226 appendix D") {
  constexpr std::array<const char*, 10> kCodes = {"755224", "287082", "359152", "969429", "338314",
                                                  "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t counter = 0; counter < kCodes.size(); ++counter) {
    CHECK(hotp(rfc_seed(), counter).expose_text() == kCodes.at(counter));
  }
}

TEST_CASE("TOTP gives every SHA-1 code of RFC 6238 appendix B") {
  struct Vector {
    std::int64_t time;
    const char* code;
  };
  constexpr std::array<Vector, 6> kVectors = {{{59, "94287082"},
                                               {1111111109, "07081804"},
                                               {1111111111, "14050471"},
                                               {1234567890, "89005924"},
                                               {2000000000, "69279037"},
                                               {20000000000, "65353130"}}};
  for (const Vector& one : kVectors) CHECK(hotp(rfc_seed(), totp_step(at(one.time)), 8).expose_text() == one.code);
}

TEST_CASE("our codes are those of oathtool for random seeds and times") {
  for (int i = 0; i < 20; ++i) {
    const SecretBytes seed = SecretBytes::random(kTotpSeedSize);
    std::array<std::uint8_t, 4> random{};
    base::random_bytes(random);
    const std::int64_t seconds = std::int64_t{random[0]} << 23U | std::int64_t{random[1]} << 15U | random[2];
    CHECK(hotp(seed, totp_step(at(seconds))).expose_text() == oathtool(seed, seconds));
  }
}

TEST_CASE("a code of the step before, this one and the next is matched, two steps off is not") {
  const SecretBytes seed = rfc_seed();
  const std::uint64_t step = 41152263;
  for (const std::uint64_t good : {step - 1, step, step + 1})
    CHECK(match_totp(seed, hotp(seed, good).expose(), step) == good);
  for (const std::uint64_t bad : {step - 2, step + 2}) CHECK_FALSE(match_totp(seed, hotp(seed, bad).expose(), step));
}

TEST_CASE("the first step of time has no step before it") {
  CHECK(match_totp(rfc_seed(), hotp(rfc_seed(), 0).expose(), 0) == 0U);
  CHECK(totp_step(base::from_unix_ms(-1)) == 0U);
}

TEST_CASE("only exactly six ASCII digits are a code") {
  const SecretBytes seed = rfc_seed();
  REQUIRE(match_totp(seed, as_bytes("755224"), 0));
  const std::string_view bad =
      GENERATE(as<std::string_view>(), "", "75522", "7552244", " 755224", "755224 ", "755 224", "755224\n", "\t55224",
               "+55224", "75522a", "0x5522", "-75522",
               "\xEF\xBC\x97\xEF\xBC\x95\xEF\xBC\x95\xEF\xBC\x92\xEF\xBC\x92\xEF\xBC\x94",  // full width
               "\xD9\xA7\xD9\xA5\xD9\xA5");                                                 // Arabic-Indic
  CHECK_FALSE(is_totp_format(as_bytes(bad)));
  CHECK_FALSE(match_totp(seed, as_bytes(bad), 0));
  CHECK_FALSE(match_totp(seed, as_bytes(std::string_view("755224\0", 7)), 0));
}

TEST_CASE("the otpauth URI is percent-encoded, and leaves out what goes without saying") {
  const SecretBytes uri = otpauth_uri(rfc_seed(), "Sally port", "alice&x=1");
  CHECK(uri.expose_text() ==
        "otpauth://totp/Sally%20port:alice%26x%3D1?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Sally%20port");
}
