#include "sallyport/base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <new>

namespace sallyport::base {
namespace {

template <class Pointer>
EVP_MD_CTX* context_of(const Pointer& pointer) {
  return static_cast<EVP_MD_CTX*>(pointer.get());
}

/// OpenSSL's answer, where only want of memory can make it no: the algorithms are always there. Thrown as any
/// allocation that fails, so that whoever works for one of many can turn it into that one's Error (within_memory).
void want_memory(bool done) {
  if (!done) throw std::bad_alloc();
}

// Fetched once: EVP_sha256() looks the algorithm up again on every digest.
const EVP_MD* sha256_method() {
  static const EVP_MD* method = [] {
    const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    want_memory(fetched != nullptr);
    return fetched;
  }();
  return method;
}

template <std::size_t Size>
std::array<std::uint8_t, Size> hmac(const EVP_MD* method, ByteView key, ByteView message) {
  std::array<std::uint8_t, Size> out{};
  unsigned size = 0;
  const auto* done =
      HMAC(method, key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(), &size);
  want_memory(done != nullptr);
  SALLYPORT_ENSURE(size == Size);
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
  want_memory(context_ != nullptr && EVP_DigestInit_ex(context_of(context_), sha256_method(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  want_memory(EVP_DigestUpdate(context_of(context_), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest{};
  unsigned size = 0;
  want_memory(EVP_DigestFinal_ex(context_of(context_), digest.data(), &size) == 1);
  SALLYPORT_ENSURE(size == digest.size());
  return digest;
}

}  // namespace sallyport::base
