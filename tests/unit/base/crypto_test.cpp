#include "sallyport/base/crypto.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>

#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"
#include "support/catch.hpp"

using namespace sallyport::base;

TEST_CASE("hashes give the published answers", "[crypto]") {
  // FIPS 180-2 example, RFC 4231 case 2, RFC 2202 case 2.
  CHECK(hex(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(sha256(as_bytes("ab"), as_bytes("c")) == sha256(as_bytes("abc")));
}

#ifndef SALLYPORT_SANITIZED  // they bring an allocator of their own
namespace {

/// All the memory that there is, for as long as this lives.
class AllMemory {
 public:
  AllMemory() {
    for (std::size_t size = 1U << 20U; size >= sizeof(Piece);
         size = size > 1024 ? size / 2 : size - 8)  // each of the small ones: malloc keeps a list for each
      while (auto* piece = static_cast<Piece*>(std::malloc(size))) pieces_ = new (piece) Piece{pieces_};
  }
  ~AllMemory() {
    while (pieces_ != nullptr) std::free(std::exchange(pieces_, pieces_->next));
  }
  AllMemory(const AllMemory&) = delete;

 private:
  struct Piece {
    Piece* next;
  };
  Piece* pieces_ = nullptr;
};

/// In a child that gets no more memory: 0 if `work` ends with an Error that says so.
template <class Work>
int without_memory(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    for (const int number : {SIGSEGV, SIGABRT}) (void)::signal(number, SIG_DFL);  // Catch2's handlers want memory, too
    if (::setrlimit(RLIMIT_AS, &none) != 0) ::_exit(2);
    const auto done = within_memory([&]() -> Result<> {
      const AllMemory all;
      work();
      return ok();
    });
    ::_exit(done ? 3 : done.error().code() == Errc::unavailable ? 0 : 4);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("where memory is used up a hash is an error of the one who asked, and no abort", "[crypto]") {
  (void)hmac_sha256(as_bytes("key"), as_bytes("once before: what is fetched once is there"));
  CHECK(without_memory([] { (void)hmac_sha256(as_bytes("key"), as_bytes("message")); }) == 0);
  CHECK(without_memory([] { (void)sha256(as_bytes("message")); }) == 0);
}
#endif

TEST_CASE("a sealed text opens only as it was sealed", "[crypto]") {
  const auto key = SecretBytes::random(kKeySize);
  const auto sealed = seal(key, as_bytes("the password"), as_bytes("account 7"));
  CHECK(unseal(key, sealed, as_bytes("account 7")).value().expose_text() == "the password");
  CHECK_FALSE(unseal(key, sealed, as_bytes("account 8")));
  CHECK_FALSE(unseal(SecretBytes::random(kKeySize), sealed, as_bytes("account 7")));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1;
    CHECK_FALSE(unseal(key, changed, as_bytes("account 7")));
    CHECK_FALSE(unseal(key, ByteView(sealed).first(i), as_bytes("account 7")));
  }
}

TEST_CASE("Ed25519 signs as RFC 8032 says", "[crypto]") {
  const auto seed = unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value();
  const auto key = SigningKey::from_seed(SecretBytes::copy(seed));
  const Bytes message{0x72};
  const auto signature = key.sign(message);
  CHECK(hex(key.public_key()) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  CHECK(hex(signature) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
        "eeb00d291612bb0c00");
  CHECK(verify(key.public_key(), message, signature));
  CHECK_FALSE(verify(key.public_key(), as_bytes("s"), signature));
}

TEST_CASE("derived keys differ by number and by context", "[crypto]") {
  const auto root = SecretBytes::random(kKeySize);
  CHECK(equals_ct(derive_key(root, 1, "pagekey_"), derive_key(root, 1, "pagekey_")));
  CHECK_FALSE(equals_ct(derive_key(root, 1, "pagekey_"), derive_key(root, 2, "pagekey_")));
  CHECK_FALSE(equals_ct(derive_key(root, 1, "pagekey_"), derive_key(root, 1, "auditkey")));
}
