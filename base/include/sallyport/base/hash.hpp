#pragma once
// SHA-256 and HMAC, by OpenSSL (libsodium's SHA-256 is several times slower).
#include <array>
#include <cstdint>
#include <memory>

#include "sallyport/base/bytes.hpp"

namespace sallyport::base {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView bytes);
Digest sha256(ByteView first, ByteView second);
Digest hmac_sha256(ByteView key, ByteView message);
/// RFC 2104 over SHA-1, for TOTP (RFC 6238) only.
std::array<std::uint8_t, 20> hmac_sha1(ByteView key, ByteView message);

/// Incremental SHA-256. Move-only; not thread-safe.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(ByteView bytes);
  /// May be called once.
  Digest finish();

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace sallyport::base
