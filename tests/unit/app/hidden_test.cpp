// What a person may not see is not named to him, nor counted, nor told by the way in which a list ends.
#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// alice may see what has env=prod: 3 of 12 accounts, not the first and not the last.
struct Floor : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice;
  Floor() {
    for (int i = 10; i < 22; ++i)
      add_account(admin, "t" + std::to_string(i), "root", i == 13 || i == 17 || i == 18 ? "env=prod" : "env=lab");
    add_role(admin, "ops", "checkout", "env=prod");
    alice = add_person(admin, "alice", "ops");
  }
  Answer page(const Person& who, std::uint64_t limit, const std::string& after) {
    auto record = input(OperationId::account_list);
    record.set("limit", limit);
    if (!after.empty()) record.set("after", after);
    return web(OperationId::account_list, record, &who.token);
  }
  std::vector<std::string> all(const Person& who, std::uint64_t limit) {
    std::vector<std::string> names;
    for (std::string after;;) {
      const auto answer = page(who, limit, after);
      for (const auto& one : answer->list("accounts")) names.emplace_back(one.text("account"));
      if (!answer->has("next")) return names;
      after = answer->text("next");
      CHECK(after == names.back());
      CHECK(answer->list("accounts").size() == limit);
    }
  }
};

}  // namespace

TEST_CASE("hidden: pages of accounts are of those that one may see, and next names the last of them") {
  Floor floor;
  for (const std::uint64_t limit : {1U, 2U, 3U, 4U, 100U}) {
    CHECK(floor.all(floor.alice, limit) == std::vector<std::string>{"root@t13", "root@t17", "root@t18"});
    CHECK(floor.all(floor.admin, limit).size() == 12);
  }
}

TEST_CASE("hidden: the account that may set a secret is shown to whoever may see it") {
  Floor floor;
  auto record = floor.input(OperationId::account_set);
  record.set("account", "root@t13").set("reconcile", "root@t13");
  auto helper = floor.input(OperationId::account_add);
  helper.set("account", "fixer@t13")
      .set("kind", "unix_password")
      .set("secret", secret("x"))
      .set("labels", "env=hidden");
  (void)*floor.web(OperationId::account_add, helper, &floor.admin.token);
  record.set("reconcile", "fixer@t13");
  (void)*floor.web(OperationId::account_set, record, &floor.admin.token);
  auto show = floor.input(OperationId::account_show);
  show.set("account", "root@t13");
  CHECK(floor.web(OperationId::account_show, show, &floor.admin.token)->text("reconcile") == "fixer@t13");
  const auto shown = floor.web(OperationId::account_show, show, &floor.alice.token);
  const bool sees_helper = floor.all(floor.alice, 100).size() == 4;
  CHECK(shown->has("reconcile") == sees_helper);
}

TEST_CASE("hidden: checkouts of an account that is not there are none, as of one that is not open") {
  Floor floor;
  const auto of = [&](const Floor::Person& who, const std::string& account, bool all) {
    auto record = floor.input(OperationId::checkout_list);
    record.set("account", account).set_flag("all", all);
    return floor.web(OperationId::checkout_list, record, &who.token);
  };
  CHECK(of(floor.alice, "root@t10", false)->list("checkouts").empty());
  CHECK(of(floor.alice, "root@nowhere", false)->list("checkouts").empty());
  CHECK(of(floor.admin, "root@nowhere", true).code == Errc::not_found);
}
