#include "sallyport/vault/secret.hpp"

#include <set>

#include "sallyport/vault/rotation.hpp"
#include "sallyport/vault/secret_password.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using base::Errc;
using test::code_of;
using test::must;

namespace {

struct World : test::DomainVault {
  Account account = (add_target("web0"), add_account("root", "web0"));

  base::Result<SecretVersion> set(std::string_view value) {
    return audited([&](auto& tx) { return set_secret(tx, keys(), account.id, test::secret(value), now()); });
  }
  base::Result<SecretVersion> pend(std::string_view value) {
    return audited([&](auto& tx) { return add_pending_secret(tx, keys(), account.id, test::secret(value), now()); });
  }
  base::Result<base::SecretBytes> read(SecretState state = SecretState::current) {
    return audited([&](auto& tx) { return read_secret(tx, keys(), account.id, state); });
  }
  base::Result<base::SecretBytes> read_version(std::uint32_t version) {
    return audited([&](auto& tx) { return read_secret_version(tx, keys(), account.id, version); });
  }
  std::vector<SecretVersion> versions() {
    return must(sql([&](auto& tx) { return list_secret_versions(tx, account.id); }));
  }
};

}  // namespace

TEST_CASE("a secret is read back as it was set, and the one before stays in the history") {
  World world;
  CHECK(code_of(world.read()) == Errc::not_found);
  must(world.set("first"));
  must(world.set("second"));
  CHECK(must(world.read()).expose_text() == "second");
  CHECK(must(world.read_version(1)).expose_text() == "first");
}

TEST_CASE("an empty secret and one over the bound are refused") {
  World world;
  CHECK(code_of(world.set("")) == Errc::invalid);
  CHECK(code_of(world.set(std::string(kMaxSecretValue + 1, 'x'))) == Errc::invalid);
}

TEST_CASE("a pending secret becomes current only when promoted") {
  World world;
  must(world.set("old"));
  must(world.pend("new"));
  CHECK(must(world.read()).expose_text() == "old");
  CHECK(must(world.read(SecretState::pending)).expose_text() == "new");
  CHECK(code_of(world.pend("another")) == Errc::conflict);
  must(world.sql([&](auto& tx) { return promote_pending(tx, world.account.id); }));
  CHECK(must(world.read()).expose_text() == "new");
  CHECK(code_of(world.sql([&](auto& tx) { return promote_pending(tx, world.account.id); })) == Errc::conflict);
}

TEST_CASE("a discarded pending secret stays in the history and its number is not used again") {
  World world;
  must(world.set("old"));
  must(world.pend("new"));
  must(world.sql([&](auto& tx) { return discard_pending(tx, world.account.id); }));
  CHECK(must(world.read()).expose_text() == "old");
  CHECK(must(world.read_version(2)).expose_text() == "new");
  CHECK(must(world.pend("third")).version == 3);
}

TEST_CASE("the history is bounded and never drops the current or the pending version") {
  World world;
  must(world.set("current"));
  for (int i = 0; i < 30; ++i) {
    must(world.pend("pending"));
    must(world.sql([&](auto& tx) { return discard_pending(tx, world.account.id); }));
  }
  must(world.pend("last"));
  CHECK(world.versions().size() == kKeptVersions + 2);
  CHECK(must(world.read()).expose_text() == "current");
  CHECK(must(world.read(SecretState::pending)).expose_text() == "last");
}

TEST_CASE("a secret cannot be set by hand while a rotation is open") {
  World world;
  must(world.set("old"));
  must(world.audited([&](auto& tx) {
    return begin_rotation(tx, world.keys(), world.account.id, RotationCause::demand, nullptr, {}, world.now());
  }));
  CHECK(code_of(world.set("mine")) == Errc::conflict);
}

TEST_CASE("a sealed secret put in another version's row does not open") {
  World world;
  must(world.set("first"));
  must(world.set("second"));
  must(world.sql([](Transaction& tx) {
    return tx.execute(
        "UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE version = 1), "
        "wrapped_dek = (SELECT wrapped_dek FROM secret WHERE version = 1) WHERE version = 2");
  }));
  CHECK(code_of(world.read()) == Errc::corrupt);
}

TEST_CASE("a generated password has its length and a character of every class, and is never the same") {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto password = must(generate_password());
    const std::string_view text = password.expose_text();
    CHECK(text.size() == 32);
    CHECK(text.find_first_of("abcdefghijklmnopqrstuvwxyz") != std::string_view::npos);
    CHECK(text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos);
    CHECK(text.find_first_of("0123456789") != std::string_view::npos);
    CHECK(text.find_first_of("-_.+=%@#!") != std::string_view::npos);
    CHECK(text.find_first_of(":'\"\\ $`/") == std::string_view::npos);
    seen.emplace(text);
  }
  CHECK(seen.size() == 200);
  CHECK(must(generate_password({12, false})).expose_text().find_first_of("-_.+=%@#!") == std::string_view::npos);
  CHECK(code_of(generate_password({11, true})) == Errc::invalid);
  CHECK(code_of(generate_password({129, true})) == Errc::invalid);
}
