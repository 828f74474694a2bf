// Any bytes as a one-time code: taken only if they are six ASCII digits, and then only if they are one of the three.
#include <cstddef>
#include <cstdint>

#include "sallyport/vault/totp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  static const base::SecretBytes seed = base::SecretBytes::copy(base::as_bytes("12345678901234567890"));
  constexpr std::uint64_t kStep = 37037036;  // of RFC 6238, appendix B
  const base::ByteView code(data, size);
  const auto step = vault::match_totp(seed, code, kStep);
  if (!step) return 0;
  SALLYPORT_ENSURE(vault::is_totp_format(code));
  SALLYPORT_ENSURE(*step + 1 >= kStep && *step <= kStep + 1);
  SALLYPORT_ENSURE(base::equals_ct(vault::hotp(seed, *step).expose(), code));
  return 0;
}
