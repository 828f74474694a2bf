#include "sallyport/base/crypto.hpp"

#include <sodium.h>

#include <cstring>

namespace sallyport::base {
namespace {

void ready() {
  static const int started = sodium_init();
  SALLYPORT_ENSURE(started >= 0);
}

Error does_not_verify() { return fail(Errc::corrupt, "sealed bytes do not verify"); }

void encrypt(MutableByteView out, const SecretBytes& key, ByteView nonce, ByteView plaintext, ByteView associated) {
  SALLYPORT_ENSURE(key.size() == kKeySize && nonce.size() == kNonceSize && out.size() == plaintext.size() + kTagSize);
  ready();
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data(), nullptr, plaintext.data(), plaintext.size(), associated.data(),
                                             associated.size(), nullptr, nonce.data(), key.expose().data());
}

bool decrypt(MutableByteView out, const SecretBytes& key, ByteView nonce, ByteView sealed, ByteView associated) {
  SALLYPORT_ENSURE(key.size() == kKeySize && out.size() + kTagSize == sealed.size());
  ready();
  return crypto_aead_xchacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, sealed.data(), sealed.size(),
                                                    associated.data(), associated.size(), nonce.data(),
                                                    key.expose().data()) == 0;
}

}  // namespace

void random_bytes(MutableByteView out) {
  ready();
  randombytes_buf(out.data(), out.size());
}

Bytes seal(const SecretBytes& key, ByteView plaintext, ByteView associated) {
  Bytes out(kNonceSize + plaintext.size() + kTagSize);
  const auto nonce = MutableByteView(out).first(kNonceSize);
  random_bytes(nonce);
  encrypt(MutableByteView(out).subspan(kNonceSize), key, nonce, plaintext, associated);
  return out;
}

Result<SecretBytes> unseal(const SecretBytes& key, ByteView sealed, ByteView associated) {
  if (sealed.size() < kNonceSize + kTagSize) return does_not_verify();
  SecretBytes plain(sealed.size() - kNonceSize - kTagSize);
  if (!decrypt(plain.expose_mutable(), key, sealed.first(kNonceSize), sealed.subspan(kNonceSize), associated)) {
    return does_not_verify();
  }
  return plain;
}

Bytes seal_with_nonce(const SecretBytes& key, ByteView nonce, ByteView plaintext, ByteView associated) {
  Bytes out(plaintext.size() + kTagSize);
  encrypt(out, key, nonce, plaintext, associated);
  return out;
}

Result<Bytes> unseal_with_nonce(const SecretBytes& key, ByteView nonce, ByteView sealed, ByteView associated) {
  if (nonce.size() != kNonceSize || sealed.size() < kTagSize) return does_not_verify();
  Bytes plain(sealed.size() - kTagSize);
  if (!decrypt(plain, key, nonce, sealed, associated)) return does_not_verify();
  return plain;
}

SecretBytes derive_key(const SecretBytes& key, std::uint64_t number, std::string_view context8) {
  SALLYPORT_ENSURE(key.size() == crypto_kdf_KEYBYTES && context8.size() == crypto_kdf_CONTEXTBYTES);
  ready();
  SecretBytes derived(kKeySize);
  crypto_kdf_derive_from_key(derived.expose_mutable().data(), kKeySize, number, context8.data(), key.expose().data());
  return derived;
}

Result<SecretBytes> argon2id(const SecretBytes& passphrase, ByteView salt16, Argon2Cost cost) {
  SALLYPORT_ENSURE(salt16.size() == crypto_pwhash_argon2id_SALTBYTES);
  ready();
  SecretBytes out(kKeySize);
  const auto text = passphrase.expose_text();
  if (crypto_pwhash_argon2id(out.expose_mutable().data(), kKeySize, text.data(), text.size(), salt16.data(),
                             cost.passes, cost.memory, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return fail(Errc::unavailable, "not enough memory to check a passphrase");
  }
  return out;
}

SigningKey SigningKey::generate() { return from_seed(SecretBytes::random(crypto_sign_SEEDBYTES)); }

SigningKey SigningKey::from_seed(const SecretBytes& seed32) {
  SALLYPORT_ENSURE(seed32.size() == crypto_sign_SEEDBYTES);
  ready();
  SigningKey key;
  key.secret_ = SecretBytes(crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(key.public_.data(), key.secret_.expose_mutable().data(), seed32.expose().data());
  return key;
}

Signature SigningKey::sign(ByteView message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.expose().data());
  return signature;
}

SecretBytes SigningKey::seed() const { return SecretBytes::copy(secret_.expose().first(crypto_sign_SEEDBYTES)); }

bool verify(const PublicKey& key, ByteView message, const Signature& signature) noexcept {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

}  // namespace sallyport::base
