#include "sallyport/vault/slot.hpp"

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

constexpr base::Argon2Cost kCheap{.memory = kMinArgonMemory, .passes = 1};
constexpr VaultId kVault{1, 2, 3};

}  // namespace

TEST_CASE("a passphrase slot opens by its passphrase only") {
  const SecretBytes root = fixed_key(9);
  const Slot slot = must(make_passphrase_slot(kVault, root, secret("correct horse"), kCheap));
  CHECK(equals_ct(must(open_passphrase_slot(slot, kVault, secret("correct horse"))), root));
  const auto wrong = open_passphrase_slot(slot, kVault, secret("correct horsf"));
  CHECK(code_of(wrong) == Errc::denied);
  CHECK(text_of(wrong) == "wrong passphrase");
  CHECK(text_of(open_passphrase_slot(slot, kVault, secret("short"))) == "wrong passphrase");
}

TEST_CASE("a development slot opens by its key only") {
  const SecretBytes root = fixed_key(9);
  const Slot slot = make_development_slot(kVault, root, fixed_key(1));
  CHECK(equals_ct(must(open_development_slot(slot, kVault, fixed_key(1))), root));
  CHECK(code_of(open_development_slot(slot, kVault, fixed_key(2))) == Errc::denied);
  CHECK(code_of(open_development_slot(slot, kVault, SecretBytes(31))) == Errc::denied);
}

TEST_CASE("every field of a slot is bound to its key") {
  Slot slot = must(make_passphrase_slot(kVault, fixed_key(9), secret("correct horse"), kCheap));
  VaultId vault = kVault;
  Errc expected = Errc::denied;
  SECTION("id") { slot.id[0] ^= 1; }
  SECTION("salt") { slot.salt[0] ^= 1; }
  SECTION("memory") { slot.cost.memory += 1U << 20U; }
  SECTION("passes") { slot.cost.passes += 1; }
  SECTION("commitment") { slot.commitment[31] ^= 1; }
  SECTION("vault") { vault[0] ^= 1; }
  SECTION("wrapped root") {
    slot.wrapped_root[40] ^= 1;
    expected = Errc::corrupt;
  }
  CHECK(code_of(open_passphrase_slot(slot, vault, secret("correct horse"))) == expected);
}

TEST_CASE("a key that decrypts but was not committed to is refused") {
  // What partitioning oracles need: a slot whose wrapped root opens under a second key.
  const Slot honest = make_development_slot(kVault, fixed_key(9), fixed_key(1));
  Slot forged = make_development_slot(kVault, fixed_key(5), fixed_key(2));
  forged.commitment = honest.commitment;
  CHECK(code_of(open_development_slot(forged, kVault, fixed_key(2))) == Errc::denied);
}

TEST_CASE("a cost out of bounds is refused before any work is done") {
  Slot slot = must(make_passphrase_slot(kVault, fixed_key(9), secret("correct horse"), kCheap));
  SECTION("too much memory") { slot.cost = {.memory = kMaxArgonMemory + 1, .passes = 1}; }
  SECTION("absurd memory") { slot.cost = {.memory = UINT64_MAX, .passes = 1}; }
  SECTION("too little memory") { slot.cost = {.memory = kMinArgonMemory - 1, .passes = 1}; }
  SECTION("too many passes") { slot.cost = {.memory = kMinArgonMemory, .passes = kMaxArgonPasses + 1}; }
  SECTION("no pass") { slot.cost = {.memory = kMinArgonMemory, .passes = 0}; }
  SECTION("too much in all") { slot.cost = {.memory = kMaxArgonMemory, .passes = 5}; }
  CHECK(code_of(open_passphrase_slot(slot, kVault, secret("correct horse"))) == Errc::invalid);
  CHECK_FALSE(make_passphrase_slot(kVault, fixed_key(9), secret("correct horse"), slot.cost));
}

TEST_CASE("a passphrase has a least and a largest length") {
  CHECK(code_of(make_passphrase_slot(kVault, fixed_key(9), secret("seven77"), kCheap)) == Errc::invalid);
  CHECK(code_of(make_passphrase_slot(kVault, fixed_key(9), SecretBytes(kMaxPassphrase + 1), kCheap)) == Errc::invalid);
}

}  // namespace sallyport::vault::test
