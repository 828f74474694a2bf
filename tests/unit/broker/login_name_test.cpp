#include "sallyport/broker/login_name.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using broker::parse_login_name;

TEST_CASE("login name: user, account and target may be named, with either separator") {
  const std::string text = GENERATE("alice+root+web1", "alice@root@web1", "alice+root@web1", "alice@root+web1");
  const auto login = parse_login_name(text);
  REQUIRE(login);
  CHECK(login.value().user == "alice");
  CHECK(login.value().account == base::AccountName{"root", "web1"});
  CHECK(login.value().text() == "alice+root+web1");
}

TEST_CASE("login name: two parts are account and target, one part is the user") {
  CHECK_FALSE(parse_login_name("root+web1").value().user);
  CHECK(parse_login_name("root+web1").value().text() == "root+web1");
  CHECK(parse_login_name("alice").value().user == "alice");
  CHECK_FALSE(parse_login_name("alice").value().account);
}

TEST_CASE("login name: what is no login name is refused") {
  const std::string bad = GENERATE(
      std::string(), std::string("+"), std::string("@"), std::string("+root+web1"), std::string("alice+root+"),
      std::string("alice++web1"), std::string("alice@@web1"), std::string("a+b+c+d"), std::string("a+b+c+"),
      std::string("Alice+root+web1"), std::string("ali ce"), std::string("alice\n"), std::string("ali\x1b[2Jce"),
      std::string("-oProxyCommand=x"), std::string("alice+-root+web1"), std::string("alice+.root+web1"),
      std::string("\xd0\xb0lice"),
      std::string("al\xc4\xb1"
                  "ce"),
      std::string("alice\0root", 10), std::string("alice\x7f"), std::string("alice;id"), std::string("alice/root"),
      std::string("alice:root"), std::string("alice\\root"), std::string("alice'"), std::string("\xff\xfe"));
  const auto login = parse_login_name(bad);
  REQUIRE_FALSE(login);
  CHECK(login.error().code() == base::Errc::invalid);
}

TEST_CASE("login name: the error shows foreign text escaped and short") {
  const auto error = parse_login_name("ali\x1b[2Jce\r\n+x+y").error().describe();
  CHECK(error.find('\x1b') == std::string::npos);
  CHECK(error.find('\n') == std::string::npos);
  const auto long_error = parse_login_name(std::string(4096, 'a')).error().describe();
  CHECK(long_error.size() < 300);
}

TEST_CASE("login name: lengths: each name at most 64, the whole at most three of them") {
  const std::string name(base::kMaxName, 'a');
  CHECK(parse_login_name(name + "+" + name + "+" + name));
  CHECK_FALSE(parse_login_name(name + "a+root+web1"));
  CHECK_FALSE(parse_login_name(std::string(4096, 'a')));
  CHECK_FALSE(parse_login_name(std::string(4096, '+')));
}
