// A person with many roles and a role with many members: what an answer tells of them never undoes a change, nor breaks
// a list. Stores that an earlier version let grow beyond today's bound, too.
#include <algorithm>
#include <array>

#include "sallyport/access/role.hpp"
#include "sallyport/access/schema.hpp"
#include "sallyport/access/user.hpp"
#include "sallyport/vault/domain_schema.hpp"
#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

std::string long_name(char kind, int number) {
  auto name = kind + std::to_string(1000 + number) + "-";
  return name + std::string(64 - name.size(), 'n');
}

struct Crowd : ServiceFixture {
  Person admin = bootstrap_admin();

  /// By the store itself, as a version without a bound did: these people, these roles, each with each.
  void fill(const std::vector<std::string>& people, int roles) {
    service.reset();
    {
      const auto root = must(vault::unlock_with_development_key(config.data));
      const auto series = std::to_array<vault::MigrationSeries>({vault::domain_schema(), access::schema()});
      auto store = must(vault::Vault::open(config.data, root, series, clock));
      auto tx = must(store->begin());
      for (const auto& name : people) must(access::add_user(tx.sql(), {name, ""}, vault::Moment::read(clock, "boot")));
      for (int i = 0; i < roles; ++i) fill_role(tx.sql(), long_name('r', i));
      must(
          tx.sql().execute("INSERT INTO role_person (role_id, person_id, granted_ms) SELECT r.id, u.id, 1 "
                           "FROM role r, person u WHERE r.name LIKE 'r1%' AND u.name <> 'root'"));
      must(tx.commit());
    }
    start();
  }
  Answer about(OperationId operation, const std::string& name) {
    auto record = input(operation);
    record.set("name", name);
    return web(operation, record, &admin.token);
  }
  Answer disable(const std::string& name) {
    auto record = input(OperationId::user_set);
    record.set("name", name).set_flag("enabled", false);
    return web(OperationId::user_set, record, &admin.token);
  }
  /// All names of a list, page by page.
  std::vector<std::string> all(OperationId operation, std::string_view list, std::size_t& pages) {
    std::vector<std::string> names;
    auto record = input(operation);
    record.set("limit", std::uint64_t{200});
    for (pages = 1;; ++pages) {
      const auto page = web(operation, record, &admin.token);
      for (const auto& item : page->list(list)) names.emplace_back(item.text("name"));
      if (!page->has("next")) return names;
      record.set("after", page->text("next"));
    }
  }

 private:
  void fill_role(vault::Transaction& tx, const std::string& name) {
    auto everywhere = must(access::Selector::parse("*"));
    must(access::add_role(tx, {name, std::move(everywhere), {access::Action::reveal}, {}},
                          vault::Moment::read(clock, "boot")));
  }
};

bool ends_with_more(std::string_view words, std::size_t more) {
  return words.ends_with(",and " + std::to_string(more) + " more");
}

}  // namespace

TEST_CASE("service: a person with more roles than may be given is listed, disabled and loses his roles") {
  Crowd crowd;
  crowd.fill({"alice"}, 90);
  const auto shown = crowd.about(OperationId::user_show, "alice");
  CHECK(shown->number("role_count") == 90);
  CHECK(ends_with_more(shown->text("roles"), 90 - 63));
  std::size_t pages = 0;
  CHECK(crowd.all(OperationId::user_list, "users", pages).size() == 2);
  CHECK_FALSE(crowd.disable("alice")->flag("enabled"));
  auto record = crowd.input(OperationId::role_unassign);
  record.set("name", long_name('r', 0)).set("user", "alice");
  CHECK(crowd.web(OperationId::role_unassign, record, &crowd.admin.token).ok());
  CHECK(crowd.about(OperationId::user_show, "alice")->number("role_count") == 89);
}

TEST_CASE("service: as many roles of the longest names as may be given are shown, one more is refused in words") {
  Crowd crowd;
  (void)crowd.add_person(crowd.admin, "bob");
  for (int i = 0; i < 65; ++i) crowd.add_role(crowd.admin, long_name('r', i), "reveal", "*");
  for (int i = 0; i < 64; ++i) crowd.assign(crowd.admin, long_name('r', i), "bob");
  auto record = crowd.input(OperationId::role_assign);
  record.set("name", long_name('r', 64)).set("user", "bob");
  const auto refused = crowd.web(OperationId::role_assign, record, &crowd.admin.token);
  CHECK(refused.code == Errc::limit);
  CHECK(refused.error.find("at most 64 roles") != std::string::npos);
  const auto shown = crowd.about(OperationId::user_show, "bob");
  CHECK(shown->text("roles").ends_with(long_name('r', 63)));
  CHECK(shown->number("role_count") == 64);
  const auto login = crowd.login("bob", "password of bob");
  auto who = crowd.input(OperationId::whoami);
  CHECK(crowd.web(OperationId::whoami, who, &crowd.admin.token).ok());
}

TEST_CASE("service: a role of more members than an answer holds is listed, shown and narrowed") {
  Crowd crowd;
  std::vector<std::string> people;
  for (int i = 0; i < 300; ++i) people.push_back(long_name('u', i));
  crowd.fill(people, 1);
  const auto role = long_name('r', 0);
  const auto shown = crowd.about(OperationId::role_show, role);
  CHECK(shown->number("member_count") == 300);
  const auto named = std::ranges::count(shown->text("members"), ',');
  CHECK(ends_with_more(shown->text("members"), 300 - static_cast<std::size_t>(named)));
  auto record = crowd.input(OperationId::role_set);
  record.set("name", role).set("labels", "env=test");
  CHECK(crowd.web(OperationId::role_set, record, &crowd.admin.token)->text("labels") == "env=test");
}

TEST_CASE("service: pages of long items end early and go on with the next, none is left out") {
  Crowd crowd;
  std::vector<std::string> people;
  for (int i = 0; i < 200; ++i) people.push_back(long_name('u', i));
  crowd.fill(people, 150);
  std::size_t pages = 0;
  CHECK(crowd.all(OperationId::role_list, "roles", pages).size() == 152);
  CHECK(pages > 1);
  CHECK(crowd.all(OperationId::user_list, "users", pages).size() == 201);
  CHECK(pages > 1);
}

TEST_CASE("service: a list of which all items fit says so, and has no next") {
  Crowd crowd;
  std::size_t pages = 0;
  CHECK(crowd.all(OperationId::role_list, "roles", pages) == std::vector<std::string>{"administrator", "auditor"});
  CHECK(pages == 1);
}
