#include "ratchet.hpp"

#include "merkle.hpp"
#include "recording.hpp"
#include "sallyport/base/text.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

TEST_CASE("every segment has a key of its own, and the data key's holder derives them all") {
  Ratchet writer(key_of());
  Ratchet reader(key_of());
  std::vector<base::SecretBytes> keys;
  for (std::uint32_t i = 0; i < 5; ++i) {
    CHECK(writer.segment() == i);
    CHECK(base::equals_ct(writer.chunk_key(), reader.chunk_key()));
    for (const auto& key : keys) CHECK_FALSE(base::equals_ct(key, writer.chunk_key()));
    keys.push_back(writer.chunk_key().clone());
    writer.advance();
    reader.advance();
  }
}

TEST_CASE("advancing keeps no key of the segment before") {
  Ratchet ratchet(key_of());
  const auto used = base::LockedMemory::used();
  for (int i = 0; i < 100; ++i) ratchet.advance();
  CHECK(base::LockedMemory::used() == used);
}

TEST_CASE("who holds a writer's keys in one segment cannot read the segment before") {
  // What a writer holds in segment 1: chunk key[1] and ratchet[2]. Neither opens what chunk key[0] sealed.
  Ratchet ratchet(key_of());
  const base::Bytes nonce(base::kNonceSize, 0);
  const auto sealed = base::seal_with_nonce(ratchet.chunk_key(), nonce, base::as_bytes("before"), {});
  ratchet.advance();
  CHECK_FALSE(base::unseal_with_nonce(ratchet.chunk_key(), nonce, sealed, {}));
  CHECK_FALSE(base::unseal_with_nonce(ratchet.next(), nonce, sealed, {}));
  for (std::uint32_t segment = 0; segment < 3; ++segment) {
    const auto derived = base::derive_key(ratchet.next(), segment, "SPRchunk");
    CHECK_FALSE(base::unseal_with_nonce(derived, nonce, sealed, {}));
  }
}

TEST_CASE("the Merkle root is that of RFC 6962") {
  // Computed by hand over 0..4 leaves: node = SHA-256(1 || left || right), leaf = SHA-256(0 || data).
  const auto data = [](std::uint8_t i) {
    base::Digest digest{};
    digest[0] = i;
    return digest;
  };
  const auto leaf = [&](std::uint8_t i) {
    const base::Bytes zero{0};
    return base::sha256(zero, data(i));
  };
  const auto node = [](const base::Digest& a, const base::Digest& b) {
    base::Bytes bytes{1};
    bytes.insert(bytes.end(), a.begin(), a.end());
    bytes.insert(bytes.end(), b.begin(), b.end());
    return base::sha256(bytes);
  };
  MerkleRoot merkle;
  CHECK(base::hex(merkle.root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  merkle.add(data(0));
  CHECK(merkle.root() == leaf(0));
  merkle.add(data(1));
  CHECK(merkle.root() == node(leaf(0), leaf(1)));
  merkle.add(data(2));
  CHECK(merkle.root() == node(node(leaf(0), leaf(1)), leaf(2)));
  merkle.add(data(3));
  merkle.add(data(4));
  CHECK(merkle.root() == node(node(node(leaf(0), leaf(1)), node(leaf(2), leaf(3))), leaf(4)));
}
