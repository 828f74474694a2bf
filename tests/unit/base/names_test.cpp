#include "sallyport/base/names.hpp"
#include "sallyport/base/ids.hpp"
#include "support/catch.hpp"

using namespace sallyport::base;

TEST_CASE("names are plain, lower-case and bounded", "[names]") {
  for (const auto* good : {"alice", "web1", "_svc", "a", "db-01.prod_eu", "0ld"}) CHECK(check_name(good, "user"));
  for (const auto* bad :
       {"", "Alice", "-rf", ".hidden", "a b", "a+b", "a@b", "a/b", "a\nb", "a\x1b[2J", "\u0430lice", "a:b", "a%b"}) {
    CHECK_FALSE(check_name(bad, "user"));
  }
  CHECK(check_name(std::string(64, 'a'), "user"));
  CHECK_FALSE(check_name(std::string(65, 'a'), "user"));
}

TEST_CASE("a refused name is shown escaped and short", "[names]") {
  const auto refused = check_name("x\x1b[2J" + std::string(4096, 'A'), "target");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().context().find('\x1b') == std::string::npos);
  CHECK(refused.error().context().size() < 300);
}

TEST_CASE("an account name has exactly one @", "[names]") {
  CHECK(parse_account_name("root@web1").value() == AccountName{"root", "web1"});
  for (const auto* bad : {"root", "@web1", "root@", "root@web1@x", "root@@web1", "", "@"})
    CHECK_FALSE(parse_account_name(bad));
}

TEST_CASE("ids are random, strict and of their own kind", "[ids]") {
  const auto id = SessionId::random();
  CHECK(id != SessionId::random());
  CHECK(SessionId::parse(id.text()).value() == id);
  CHECK_FALSE(SessionId::parse(id.text() + "a"));
  CHECK_FALSE(SessionId::parse("ABCDEFGHIJKLMNOP"));
  CHECK_FALSE(SessionId::parse("../../etc/passwd"));
}
