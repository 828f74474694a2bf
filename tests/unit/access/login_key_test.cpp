#include "sallyport/access/login_key.hpp"

#include "world.hpp"

using namespace sallyport;
using namespace sallyport::access;
using namespace sallyport::access::test;
using base::Errc;

namespace {

certs::SshPublicKey make_key(int number) {
  base::Writer blob;
  blob.block("ssh-ed25519").block(std::string(31, 'k') + static_cast<char>(number));
  return must(certs::SshPublicKey::parse_blob(blob.bytes()));
}

struct KeyWorld : World {
  User alice = add_user("alice");
  base::Result<LoginKey> add(const User& user, const certs::SshPublicKey& key) {
    return sql([&](auto& tx) { return add_login_key(tx, user.id, key, now()); });
  }
  std::optional<LoginKey> find(const certs::SshPublicKey& key) {
    return must(sql([&](auto& tx) { return find_login_key(tx, key.blob()); }));
  }
};

}  // namespace

TEST_CASE("a key is found by its blob, with its user") {
  KeyWorld world;
  must(world.add(world.alice, make_key(1)));
  REQUIRE(world.find(make_key(1)));
  CHECK(world.find(make_key(1))->user == world.alice.id);
  CHECK_FALSE(world.find(make_key(2)));
  CHECK_FALSE(must(world.sql([](auto& tx) { return find_login_key(tx, base::as_bytes("rubbish")); })));
}

TEST_CASE("one key belongs to one user, and the refusal does not say to whom") {
  KeyWorld world;
  const User bob = world.add_user("bob");
  must(world.add(world.alice, make_key(1)));
  const auto refused = world.add(bob, make_key(1));
  CHECK(code_of(refused) == Errc::exists);
  CHECK(refused.error().context().find("alice") == std::string::npos);
  CHECK(code_of(world.add(world.alice, make_key(1))) == Errc::exists);
}

TEST_CASE("the key of a disabled or removed user opens nothing") {
  KeyWorld world;
  must(world.add(world.alice, make_key(1)));
  world.disable("alice");
  CHECK_FALSE(world.find(make_key(1)));
  world.disable("alice", false);
  CHECK(world.find(make_key(1)));
  must(world.sql([&](auto& tx) { return remove_user(tx, "alice", world.now()); }));
  CHECK_FALSE(world.find(make_key(1)));
}

TEST_CASE("keys are listed and removed by fingerprint, each by its own user only") {
  KeyWorld world;
  const User bob = world.add_user("bob");
  must(world.add(world.alice, make_key(1)));
  const auto remove = [&](const User& user) {
    return world.sql([&](auto& tx) { return remove_login_key(tx, user.id, make_key(1).fingerprint()); });
  };
  CHECK(code_of(remove(bob)) == Errc::not_found);
  CHECK(must(world.sql([&](auto& tx) { return list_login_keys(tx, world.alice.id); })).size() == 1);
  must(remove(world.alice));
  CHECK_FALSE(world.find(make_key(1)));
}

TEST_CASE("a user's keys are bounded") {
  KeyWorld world;
  for (int i = 0; i < 32; ++i) must(world.add(world.alice, make_key(i)));
  CHECK(code_of(world.add(world.alice, make_key(33))) == Errc::limit);
}
