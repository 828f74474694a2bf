#pragma once
// Sealing and signing primitives, by libsodium. No algorithm is negotiated anywhere.
#include <array>
#include <cstdint>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::base {

inline constexpr std::size_t kKeySize = 32;
inline constexpr std::size_t kNonceSize = 24;
inline constexpr std::size_t kTagSize = 16;

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): random 24-byte nonce || ciphertext || tag.
Bytes seal(const SecretBytes& key, ByteView plaintext, ByteView associated);
/// Errc::corrupt if anything (key, nonce, ciphertext, associated data) differs from what was sealed.
Result<SecretBytes> unseal(const SecretBytes& key, ByteView sealed, ByteView associated);

/// The same AEAD with a caller's nonce (24 bytes, never used twice under one key): ciphertext || tag.
Bytes seal_with_nonce(const SecretBytes& key, ByteView nonce, ByteView plaintext, ByteView associated);
Result<Bytes> unseal_with_nonce(const SecretBytes& key, ByteView nonce, ByteView sealed, ByteView associated);

/// crypto_kdf (BLAKE2b): 32 bytes from a 32-byte key, a number and an 8-character context.
SecretBytes derive_key(const SecretBytes& key, std::uint64_t number, std::string_view context8);

/// Argon2id v1.3. `memory` in bytes. Takes 80 ms to seconds by design: never on a thread that others wait for.
struct Argon2Cost {
  std::uint64_t memory = 64U << 20U;
  std::uint32_t passes = 3;
};
Result<SecretBytes> argon2id(const SecretBytes& passphrase, ByteView salt16, Argon2Cost cost);

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// An Ed25519 signing key (RFC 8032).
class SigningKey {
 public:
  static SigningKey generate();
  static SigningKey from_seed(const SecretBytes& seed32);
  const PublicKey& public_key() const noexcept { return public_; }
  Signature sign(ByteView message) const;
  SecretBytes seed() const;

 private:
  SigningKey() = default;
  SecretBytes secret_;
  PublicKey public_{};
};
bool verify(const PublicKey& key, ByteView message, const Signature& signature) noexcept;

void random_bytes(MutableByteView out);

}  // namespace sallyport::base
