#include "sallyport/access/user.hpp"

#include "world.hpp"

using namespace sallyport;
using namespace sallyport::access;
using namespace sallyport::access::test;
using base::Errc;

TEST_CASE("a user is added, found, changed and listed") {
  World world;
  world.add_user("bob");
  const User alice = world.add_user("alice");
  CHECK_FALSE(alice.has_password);
  CHECK(must(world.sql([](auto& tx) { return find_user(tx, "alice"); })).id == alice.id);
  must(world.sql([](auto& tx) { return change_user(tx, "alice", {"Alice A.", {}}); }));
  const auto all = must(world.sql([](auto& tx) { return list_users(tx); }));
  REQUIRE(all.size() == 2);
  CHECK(all[0].display_name == "Alice A.");
  CHECK(must(world.sql([](auto& tx) { return list_users(tx, "alice", 5); })).size() == 1);
  CHECK(must(world.sql([](auto& tx) { return count_users(tx); })) == 2);
}

TEST_CASE("a user's name must keep the rule and be free") {
  World world;
  world.add_user("alice");
  const auto add = [&](const std::string& name, const std::string& display = "") {
    return world.sql([&](auto& tx) { return access::add_user(tx, {name, display}, world.now()); });
  };
  CHECK(code_of(add("alice")) == Errc::exists);
  for (const auto* bad :
       {"", "-alice", "Alice", "al ice", "alice+root", "alice\n", "alic\xD0\xB5", "a@b", "al\x1bice", "."}) {
    CHECK(code_of(add(bad)) == Errc::invalid);
  }
  CHECK(code_of(add(std::string(4096, 'a'))) == Errc::invalid);
  CHECK(code_of(add("bob", "a\x1b[2J")) == Errc::invalid);
  CHECK(code_of(add("bob", std::string(129, 'x'))) == Errc::invalid);
}

TEST_CASE("a removed user is not found by name, stays readable by id, and frees the name") {
  World world;
  const User first = world.add_user("alice");
  must(world.sql([&](auto& tx) { return remove_user(tx, "alice", world.now()); }));
  CHECK(code_of(world.sql([](auto& tx) { return find_user(tx, "alice"); })) == Errc::not_found);
  CHECK(must(world.sql([&](auto& tx) { return get_user(tx, first.id); })).disabled);
  CHECK(world.add_user("alice").id != first.id);
}
