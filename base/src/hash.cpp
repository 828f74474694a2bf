#include "sallyport/base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace sallyport::base {
namespace {

template <class Pointer>
EVP_MD_CTX* context_of(const Pointer& pointer) {
  return static_cast<EVP_MD_CTX*>(pointer.get());
}

// Fetched once: EVP_sha256() looks the algorithm up again on every digest.
const EVP_MD* sha256_method() {
  static const EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

template <std::size_t Size>
std::array<std::uint8_t, Size> hmac(const EVP_MD* method, ByteView key, ByteView message) {
  std::array<std::uint8_t, Size> out{};
  unsigned size = 0;
  const auto* done =
      HMAC(method, key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(), &size);
  SALLYPORT_ENSURE(done != nullptr && size == Size);
  return out;
}

}  // namespace

Digest sha256(ByteView bytes) { return sha256(bytes, {}); }

Digest sha256(ByteView first, ByteView second) {
  Sha256 hash;
  hash.update(first);
  hash.update(second);
  return hash.finish();
}

Digest hmac_sha256(ByteView key, ByteView message) { return hmac<32>(EVP_sha256(), key, message); }
std::array<std::uint8_t, 20> hmac_sha1(ByteView key, ByteView message) { return hmac<20>(EVP_sha1(), key, message); }

void Sha256::Free::operator()(void* context) const noexcept { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  SALLYPORT_ENSURE(EVP_DigestInit_ex(context_of(context_), sha256_method(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  SALLYPORT_ENSURE(EVP_DigestUpdate(context_of(context_), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest{};
  unsigned size = 0;
  SALLYPORT_ENSURE(EVP_DigestFinal_ex(context_of(context_), digest.data(), &size) == 1 && size == digest.size());
  return digest;
}

}  // namespace sallyport::base
