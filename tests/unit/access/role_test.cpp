#include "sallyport/access/role.hpp"

#include "world.hpp"

using namespace sallyport;
using namespace sallyport::access;
using namespace sallyport::access::test;
using base::Errc;

namespace {

struct RoleWorld : World {
  User alice = add_user("alice");
  base::Result<Role> add(const std::string& name, std::string_view selector = "env=prod",
                         Actions actions = {Action::session}, Channels channels = {Channel::shell}) {
    const NewRole wanted{name, must(Selector::parse(selector)), actions, channels};
    return sql([&](auto& tx) { return add_role(tx, wanted, now()); });
  }
  base::Result<> grant(const Role& role, const base::UserId& user) {
    return sql([&](auto& tx) { return grant_role(tx, role.id, user, now()); });
  }
  std::vector<Role> roles() {
    return must(sql([&](auto& tx) { return roles_of(tx, alice.id); }));
  }
};

}  // namespace

TEST_CASE("a selector matches accounts that have all of its labels, the star matches all") {
  const auto both = must(Selector::parse("team=db,env=prod"));
  CHECK(both.matches({{"env", "prod"}, {"team", "db"}, {"os", "linux"}}));
  CHECK_FALSE(both.matches({{"env", "prod"}}));
  CHECK_FALSE(both.matches({{"env", "dev"}, {"team", "db"}}));
  CHECK(both.text() == "env=prod,team=db");
  CHECK(must(Selector::parse("*")).matches({}));
  CHECK_FALSE(Selector().matches({{"env", "prod"}}));
  for (const auto* bad : {"", "**", "*,env=prod", "env", "env=*"})
    CHECK(code_of(Selector::parse(bad)) == Errc::invalid);
}

TEST_CASE("actions and channels are read and written as words") {
  CHECK(format_actions(must(parse_actions("audit,session"))) == "session,audit");
  CHECK(format_channels(must(parse_channels("scp,shell"))) == "shell,scp");
  CHECK(must(parse_actions("")).empty());
  for (const auto* bad : {"sudo", "session,", ",session", "session reveal", "Session"})
    CHECK(code_of(parse_actions(bad)) == Errc::invalid);
}

TEST_CASE("a role is stored as given, changed, and refused when it says nothing") {
  RoleWorld world;
  must(world.add("dba"));
  CHECK(code_of(world.add("dba")) == Errc::exists);
  CHECK(code_of(world.add("Dba")) == Errc::invalid);
  CHECK(code_of(world.add("none", "*", {})) == Errc::invalid);
  CHECK(code_of(world.add("none", "*", {Action::session}, {})) == Errc::invalid);
  RoleChange change;
  change.channels = Channels{Channel::sftp};
  must(world.sql([&](auto& tx) { return change_role(tx, "dba", change); }));
  const Role role = must(world.sql([](auto& tx) { return find_role(tx, "dba"); }));
  CHECK(role.accounts.text() == "env=prod");
  CHECK(role.channels == Channels{Channel::sftp});
  CHECK(must(world.sql([](auto& tx) { return list_roles(tx); })).size() == 1);
}

TEST_CASE("a role is granted once, revoked, and gone with its removal") {
  RoleWorld world;
  const Role role = must(world.add("dba"));
  must(world.grant(role, world.alice.id));
  CHECK(code_of(world.grant(role, world.alice.id)) == Errc::exists);
  CHECK(code_of(world.grant(role, base::UserId::random())) == Errc::not_found);
  REQUIRE(world.roles().size() == 1);
  CHECK(must(world.sql([&](auto& tx) { return users_of(tx, role.id); })) == std::vector{world.alice.id});
  must(world.sql([&](auto& tx) { return revoke_role(tx, role.id, world.alice.id); }));
  CHECK(world.roles().empty());
  must(world.grant(role, world.alice.id));
  must(world.sql([](auto& tx) { return remove_role(tx, "dba"); }));
  CHECK(world.roles().empty());
}

TEST_CASE("a removed user has no roles and gets none") {
  RoleWorld world;
  const Role role = must(world.add("dba"));
  must(world.grant(role, world.alice.id));
  must(world.sql([&](auto& tx) { return remove_user(tx, "alice", world.now()); }));
  CHECK(world.roles().empty());
  CHECK(code_of(world.grant(role, world.alice.id)) == Errc::not_found);
}
