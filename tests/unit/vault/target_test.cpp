#include "sallyport/vault/target.hpp"

#include "sallyport/base/text.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using base::Errc;
using test::code_of;
using test::must;

namespace {

certs::SshPublicKey host_key(char fill) {
  base::Writer blob;
  blob.block("ssh-ed25519").block(std::string(32, fill));
  return must(certs::SshPublicKey::parse_blob(blob.bytes()));
}

}  // namespace

TEST_CASE("a target is added, shown, changed and listed") {
  test::DomainVault world;
  const NewTarget wanted{"web1", "web1.example", 2222, {{"env", "prod"}}, {host_key('b'), host_key('a')}};
  const Target added = must(world.sql([&](auto& tx) { return add_target(tx, wanted, world.now()); }));
  CHECK(added.port == 2222);
  REQUIRE(added.host_keys.size() == 2);
  CHECK(added.host_keys[0].fingerprint() == host_key('b').fingerprint());
  TargetChange change;
  change.host = "10.0.0.1";
  change.host_keys = {host_key('c')};
  must(world.sql([&](auto& tx) { return change_target(tx, "web1", change); }));
  const auto all = must(world.sql([](auto& tx) { return list_targets(tx); }));
  REQUIRE(all.size() == 1);
  CHECK(all[0].host == "10.0.0.1");
  CHECK(all[0].port == 2222);
  CHECK(all[0].host_keys.size() == 1);
  CHECK(format_labels(all[0].labels) == "env=prod");
}

TEST_CASE("targets are listed by name, in pages") {
  test::DomainVault world;
  for (const auto* name : {"c", "a", "b"}) world.add_target(name);
  const auto page = must(world.sql([](auto& tx) { return list_targets(tx, "a", 1); }));
  REQUIRE(page.size() == 1);
  CHECK(page[0].name == "b");
}

TEST_CASE("a name that is taken, or breaks the rule, is refused") {
  test::DomainVault world;
  world.add_target("web1");
  const auto add = [&](const std::string& name) {
    return world.sql([&](auto& tx) { return add_target(tx, {name, "h", 22, {}, {}}, world.now()); });
  };
  CHECK(code_of(add("web1")) == Errc::exists);
  for (const auto* bad : {"", "-web", "Web1", "web 1", "web+1", "web@1",
                          "w\xD0\xB5"
                          "b1",
                          "web\n", "we\x1b[2Jb"})
    CHECK(code_of(add(bad)) == Errc::invalid);
  CHECK(code_of(add(std::string(4096, 'a'))) == Errc::invalid);
}

TEST_CASE("a host or port that cannot be one is refused") {
  const auto* bad = GENERATE("", "-oProxyCommand=x", "a b", "a\nb", "host;x", "user@host", "[::1]", "$(x)");
  CHECK(code_of(check_host(bad)) == Errc::invalid);
  CHECK(check_host("fe80::1").has_value());
  test::DomainVault world;
  CHECK(code_of(world.sql([&](auto& tx) {
          return add_target(tx, {"a", "h", 0, {}, {}}, world.now());
        })) == Errc::invalid);
}

TEST_CASE("a target with accounts is not removed, a removed one frees its name and stays readable") {
  test::DomainVault world;
  const auto target = world.add_target();
  const auto account = world.add_account();
  const auto remove = [&] { return world.sql([&](auto& tx) { return remove_target(tx, "web1", world.now()); }); };
  CHECK(code_of(remove()) == Errc::conflict);
  must(world.sql([&](auto& tx) { return remove_account(tx, account.name, world.now()); }));
  must(remove());
  CHECK(code_of(world.sql([](auto& tx) { return find_target(tx, "web1"); })) == Errc::not_found);
  CHECK(must(world.sql([&](auto& tx) { return get_target(tx, target.id); })).name == "web1");
  CHECK(world.add_target().id != target.id);
}
