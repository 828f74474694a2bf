#include "sallyport/vault/keyring.hpp"

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

constexpr SecretLabel kLabel{"account", "default", "aaaaaaaaaaaaaaaa", 2};

struct OpenVault : TestVault {
  std::unique_ptr<Vault> vault = open();
  const Keyring& keys() const { return vault->keys(); }
};

}  // namespace

TEST_CASE("a sealed secret opens under its own label") {
  OpenVault v;
  const Envelope envelope = v.keys().seal_secret(kLabel, secret("hunter2"));
  CHECK(envelope.kek_version == 1);
  CHECK(must(v.keys().open_secret(kLabel, envelope)).expose_text() == "hunter2");
}

TEST_CASE("an empty secret and the largest one seal") {
  OpenVault v;
  CHECK(must(v.keys().open_secret(kLabel, v.keys().seal_secret(kLabel, SecretBytes()))).empty());
  const SecretBytes large = SecretBytes::random(kMaxSealed);
  CHECK(equals_ct(must(v.keys().open_secret(kLabel, v.keys().seal_secret(kLabel, large))), large));
}

TEST_CASE("each sealing has a key and a nonce of its own") {
  OpenVault v;
  const Envelope one = v.keys().seal_secret(kLabel, secret("hunter2"));
  const Envelope two = v.keys().seal_secret(kLabel, secret("hunter2"));
  CHECK(one.sealed != two.sealed);
  CHECK(one.wrapped_dek != two.wrapped_dek);
  CHECK(code_of(v.keys().open_secret(kLabel, {1, two.wrapped_dek, one.sealed})) == Errc::corrupt);
}

TEST_CASE("a secret opens under no other label") {
  OpenVault v;
  const Envelope envelope = v.keys().seal_secret(kLabel, secret("hunter2"));
  SecretLabel label = kLabel;
  SECTION("purpose") { label.purpose = "totp"; }
  SECTION("tenant") { label.tenant = "other"; }
  SECTION("id") { label.id = "aaaaaaaaaaaaaaab"; }
  SECTION("version") { label.version = 3; }
  SECTION("fields that join to the same text") {
    label.purpose = "accountdefault";
    label.tenant = "";
  }
  SECTION("a byte moved over a border") {
    label.purpose = "accoun";
    label.tenant = "tdefault";
  }
  CHECK(code_of(v.keys().open_secret(label, envelope)) == Errc::corrupt);
}

TEST_CASE("no byte of an envelope can change") {
  OpenVault v;
  const Envelope envelope = v.keys().seal_secret(kLabel, secret("hunter2"));
  for (std::size_t i = 0; i < envelope.sealed.size(); ++i) {
    Envelope changed = envelope;
    changed.sealed[i] ^= 1;
    REQUIRE(code_of(v.keys().open_secret(kLabel, changed)) == Errc::corrupt);
  }
  for (std::size_t i = 0; i < envelope.wrapped_dek.size(); ++i) {
    Envelope changed = envelope;
    changed.wrapped_dek[i] ^= 1;
    REQUIRE(code_of(v.keys().open_secret(kLabel, changed)) == Errc::corrupt);
  }
  for (std::size_t size = 0; size < envelope.sealed.size(); ++size) {
    Envelope cut = envelope;
    cut.sealed.resize(size);
    REQUIRE(code_of(v.keys().open_secret(kLabel, cut)) == Errc::corrupt);
  }
}

TEST_CASE("an error names the secret and holds nothing of it") {
  OpenVault v;
  Envelope envelope = v.keys().seal_secret(kLabel, secret("hunter2"));
  envelope.sealed[0] ^= 1;
  const std::string text = text_of(v.keys().open_secret(kLabel, envelope));
  CHECK(text.find("aaaaaaaaaaaaaaaa") != std::string::npos);
  CHECK(text.find("hunter") == std::string::npos);
}

TEST_CASE("a new KEK is used after its commit, and the old one still opens") {
  OpenVault v;
  const Envelope old = v.keys().seal_secret(kLabel, secret("hunter2"));
  auto tx = must(v.vault->begin());
  CHECK(must(v.vault->create_kek(tx)) == 2);
  tx.append(event("kek.create", "kek:2"));
  CHECK(v.keys().kek_version() == 1);
  must(tx.commit());
  must(v.vault->reload_keys());
  CHECK(v.keys().kek_version() == 2);
  Envelope fresh = v.keys().seal_secret(kLabel, secret("hunter3"));
  CHECK(fresh.kek_version == 2);
  CHECK(must(v.keys().open_secret(kLabel, old)).expose_text() == "hunter2");
  CHECK(must(v.keys().open_secret(kLabel, fresh)).expose_text() == "hunter3");
  fresh.kek_version = 1;
  CHECK(code_of(v.keys().open_secret(kLabel, fresh)) == Errc::corrupt);
  fresh.kek_version = 3;
  CHECK(code_of(v.keys().open_secret(kLabel, fresh)) == Errc::not_found);
}

TEST_CASE("a KEK row moved to another number is refused") {
  TestVault v;
  {
    auto store = v.raw();
    auto tx = must(store->begin());
    must(tx.execute("UPDATE vault_kek SET version = 2"));
    must(tx.commit());
  }
  CHECK(code_of(Vault::open(v.data, v.root(), {}, v.clock)) == Errc::corrupt);
}

TEST_CASE("blind indexes differ by purpose, value and vault") {
  OpenVault a;
  OpenVault b;
  const auto value = base::as_bytes("1234");
  CHECK(a.keys().blind_index("recovery", value) == a.keys().blind_index("recovery", value));
  CHECK(a.keys().blind_index("recovery", value) != a.keys().blind_index("passcode", value));
  CHECK(a.keys().blind_index("recovery", value) != a.keys().blind_index("recovery", base::as_bytes("1235")));
  CHECK(a.keys().blind_index("recovery", value) != b.keys().blind_index("recovery", value));
}

}  // namespace sallyport::vault::test
