#include "sallyport/vault/account.hpp"

#include "sallyport/vault/checkout.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using namespace std::chrono_literals;
using base::Errc;
using test::code_of;
using test::must;

namespace {

NewAccount named(const std::string& account, const std::string& target = "web1") {
  NewAccount wanted;
  wanted.name = {account, target};
  return wanted;
}

struct World : test::DomainVault {
  base::Result<Account> add(const NewAccount& wanted) {
    return sql([&](auto& tx) { return vault::add_account(tx, wanted, now()); });
  }
  base::Result<> remove(const base::AccountName& name) {
    return sql([&](auto& tx) { return remove_account(tx, name, now()); });
  }
};

}  // namespace

TEST_CASE("an account has its own labels over those of its target, and the target's name") {
  World world;
  must(world.sql([&](auto& tx) {
    return add_target(tx, {"web1", "h", 22, {{"env", "prod"}, {"os", "linux"}}, {}}, world.now());
  }));
  NewAccount wanted = named("root");
  wanted.labels = {{"env", "dev"}};
  wanted.kind = AccountKind::ssh_key;
  const Account account = must(world.add(wanted));
  CHECK(account.name.text() == "root@web1");
  CHECK(account.login == "root");
  CHECK(account.kind == AccountKind::ssh_key);
  CHECK(format_labels(account.labels) == "env=dev");
  CHECK(format_labels(account.all_labels) == "env=dev,os=linux");
}

TEST_CASE("an account of an unknown target, a taken name or a bad login is refused") {
  World world;
  CHECK(code_of(world.add(named("root"))) == Errc::not_found);
  world.add_target();
  must(world.add(named("root")));
  CHECK(code_of(world.add(named("root"))) == Errc::exists);
  for (const auto* login : {"-x", "a b", "a:b", "a/b", "DOMAIN\\user", "a\nb", "a\"b", "\xC3\xA9"}) {
    NewAccount wanted = named("other");
    wanted.login = login;
    CHECK(code_of(world.add(wanted)) == Errc::invalid);
  }
}

TEST_CASE("a policy out of its bounds is refused") {
  AccountPolicy policy;
  policy.max_duration = GENERATE(base::Seconds(0), base::Seconds(59), base::Seconds(24h * 7) + 1s);
  CHECK(code_of(check_policy(policy)) == Errc::invalid);
  policy = {};
  policy.rotation_interval = 59s;
  CHECK(code_of(check_policy(policy)) == Errc::invalid);
}

TEST_CASE("a reconcile account is another one on the same target, and is not removed while needed") {
  World world;
  world.add_target("web1");
  world.add_target("web2");
  world.add_account("admin", "web1");
  world.add_account("admin", "web2");
  NewAccount wanted = named("root");
  wanted.reconcile = base::AccountName{"admin", "web2"};
  CHECK(code_of(world.add(wanted)) == Errc::invalid);
  wanted.reconcile = wanted.name;
  CHECK(code_of(world.add(wanted)) == Errc::invalid);
  wanted.reconcile = base::AccountName{"admin", "web1"};
  CHECK(must(world.add(wanted)).reconcile.has_value());
  CHECK(code_of(world.remove({"admin", "web1"})) == Errc::conflict);
  AccountChange change;
  change.reconcile = std::optional<base::AccountName>();
  CHECK_FALSE(must(world.sql([&](auto& tx) { return change_account(tx, wanted.name, change); })).reconcile.has_value());
  must(world.remove({"admin", "web1"}));
}

TEST_CASE("an account that is checked out is not removed") {
  World world;
  world.add_target();
  const Account account = world.add_account();
  const NewCheckout wanted{account.id, base::UserId::random(), "192.0.2.1", "repair", 60s, true};
  const auto granted = must(world.sql([&](auto& tx) { return create_checkout(tx, wanted, world.now()); }));
  CHECK(code_of(world.remove(account.name)) == Errc::conflict);
  must(world.sql([&](auto& tx) { return check_in(tx, granted.checkout.id, world.now()); }));
  must(world.remove(account.name));
  CHECK(code_of(world.sql([&](auto& tx) { return find_account(tx, account.name); })) == Errc::not_found);
  CHECK(must(world.sql([&](auto& tx) { return get_account(tx, account.id); })).name == account.name);
}

TEST_CASE("accounts are listed by target and name, in pages") {
  World world;
  world.add_target("web1");
  world.add_target("web2");
  world.add_account("b", "web1");
  world.add_account("a", "web2");
  world.add_account("a", "web1");
  const auto all = must(world.sql([](auto& tx) { return list_accounts(tx); }));
  REQUIRE(all.size() == 3);
  CHECK(all[1].name.text() == "b@web1");
  const auto page = must(world.sql([](auto& tx) { return list_accounts(tx, base::AccountName{"b", "web1"}); }));
  REQUIRE(page.size() == 1);
  CHECK(page[0].name.text() == "a@web2");
}
