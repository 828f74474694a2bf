#include "sallyport/audit/checkpoint.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::audit;

namespace {

struct Signer {
  base::SigningKey key = base::SigningKey::generate();
  VerifierKey verifier{"vault.example/audit", key.public_key()};
  Checkpoint checkpoint{"vault.example/audit", 42, leaf_hash(base::as_bytes("x"))};
  std::string note = sign_checkpoint(checkpoint, key);
};

}  // namespace

TEST_CASE("the signed-note example known from Go's note package verifies") {
  const auto key = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").value();
  CHECK(format_verifier_key(key) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const std::string text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const std::string note =
      text +
      "\n\xE2\x80\x94 PeterNeumann "
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
  CHECK(verify_note(note, key).value() == text);
}

TEST_CASE("a checkpoint reads back what was signed") {
  const Signer signer;
  CHECK(verify_checkpoint(signer.note, signer.verifier).value() == signer.checkpoint);
  CHECK(parse_checkpoint(signer.note).value() == signer.checkpoint);
}

TEST_CASE("a checkpoint with any byte changed, or cut anywhere, is refused") {
  const Signer signer;
  for (std::size_t i = 0; i < signer.note.size(); ++i) {
    for (const unsigned flip : {1U, 0x20U, 0x80U}) {
      auto note = signer.note;
      note[i] = static_cast<char>(static_cast<unsigned char>(note[i]) ^ flip);
      INFO(i << " " << flip << ": " << note);
      REQUIRE(!verify_checkpoint(note, signer.verifier));
    }
    REQUIRE(!verify_checkpoint(signer.note.substr(0, i), signer.verifier));
  }
}

TEST_CASE("another key, or another log's name, is refused") {
  const Signer signer;
  const Signer other;
  CHECK(!verify_checkpoint(signer.note, other.verifier));
  CHECK(!verify_checkpoint(signer.note, {"other.example", signer.key.public_key()}));
  // Signed by the right key, for another log.
  const Checkpoint foreign{"other.example", 1, empty_root()};
  const auto note = sign_checkpoint(foreign, signer.key);
  CHECK(!verify_checkpoint(note, signer.verifier));
}

TEST_CASE("a witness's signature beside ours is let pass") {
  const Signer signer;
  const Signer witness;
  auto theirs = sign_checkpoint({"witness.example", 42, signer.checkpoint.root}, witness.key);
  const auto line = theirs.substr(theirs.find("\n\n") + 2);
  CHECK(verify_checkpoint(signer.note + line, signer.verifier).value() == signer.checkpoint);
}

TEST_CASE("keys that are malformed or not Ed25519 are refused") {
  const Signer signer;
  const auto good = format_verifier_key(signer.verifier);
  CHECK(parse_verifier_key(good).value() == signer.verifier);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK(!parse_verifier_key(bad));
    CHECK(!parse_verifier_key(good.substr(0, i)));
  }
}

TEST_CASE("a note over the bound is refused unread") {
  const Signer signer;
  CHECK(!verify_checkpoint(std::string(kMaxNote, 'a') + signer.note, signer.verifier));
}
