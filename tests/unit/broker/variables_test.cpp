#include "variables.hpp"

#include "support/catch.hpp"

using sallyport::broker::Variables;

namespace {

const std::vector<std::string> kAllowed{"LANG", "LC_*"};

}  // namespace

TEST_CASE("variables: names of locales pass") {
  for (const std::string value : {"C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "de_DE@euro", "sr_RS.utf8@latin", "en", ""}) {
    Variables variables;
    CHECK(variables.admit("LC_ALL", value, kAllowed));
    CHECK(variables.take_refused().empty());
  }
}

TEST_CASE("variables: what could be a command, a path or another line does not pass, and is told") {
  for (const std::string value : {"$(id)", "`id`", "a;id", "a b", "a/b", "../../tmp/x", "a\nb", "()", "%s", "a=b", "-x",
                                  ".", "a\\b", "{a}", "a\x1b", "\xc3\xa4"}) {
    Variables variables;
    CHECK_FALSE(variables.admit("LC_TIME", value, kAllowed));
    CHECK(variables.take_refused() == "LC_TIME=" + value);
    CHECK(variables.take_refused().empty());
  }
}

TEST_CASE("variables: the value of a name that is not allowed is measured only") {
  Variables variables;
  for (const std::string name : {"PATH", "AWS_SECRET_ACCESS_KEY", "LC_A=B", "LC_", "lang"}) {
    const bool pattern = name == "LC_";
    CHECK(variables.admit(name, "value", kAllowed) == pattern);
  }
  CHECK(variables.take_refused() ==
        "PATH (5 bytes), AWS_SECRET_ACCESS_KEY (5 bytes), LC_A=B (5 bytes), lang (5 bytes)");
}

TEST_CASE("variables: names, values and all of them together are bounded, and no long one is shown by half") {
  Variables variables;
  CHECK_FALSE(variables.admit("LC_" + std::string(62, 'A'), "C", kAllowed));
  CHECK_FALSE(variables.admit("LC_ALL", std::string(65, 'x'), kAllowed));
  CHECK_FALSE(variables.admit("LC_ALL", std::string(129, 'x'), kAllowed));
  CHECK(variables.take_refused() == "(65 bytes) (1 bytes), LC_ALL=" + std::string(65, 'x') + ", LC_ALL=(129 bytes)");
  while (variables.admit("LC_ALL", "C.UTF-8", kAllowed)) variables.set("LC_ALL", "C.UTF-8");
  CHECK(variables.text().size() > Variables::kMaxTogether - 16);
  (void)variables.set_terminal(std::string(Variables::kMaxValue, 'x'));
  CHECK(variables.text().size() <= 454);  // what a line of the audit log can spare
  (void)variables.take_refused();
  for (int i = 0; i < 100; ++i) CHECK_FALSE(variables.admit("LC_ALL", "C.UTF-8", kAllowed));
  CHECK(variables.take_refused().ends_with("LC_ALL=C.UTF-8 and 92 more"));
}

TEST_CASE("variables: what was set reads as a shell writes it") {
  Variables variables;
  variables.set("LANG", "C.UTF-8");
  variables.set("LC_TIME", "");
  CHECK(variables.text() == "LANG=C.UTF-8 LC_TIME=");
}

TEST_CASE("variables: a terminal's type stands before the others, and the last one counts") {
  for (const std::string type : {"xterm-256color", "screen.xterm_new", "rxvt+pcfkeys", "vt100", ""}) {
    Variables variables;
    CHECK(variables.set_terminal(type) == type);
    CHECK(variables.text() == "TERM=" + type);
    variables.set("LANG", "C");
    CHECK(variables.text() == "TERM=" + type + " LANG=C");
    CHECK(variables.set_terminal("other") == "other");
    CHECK(variables.text() == "TERM=other LANG=C");
    CHECK(variables.take_refused().empty());
  }
}

TEST_CASE("variables: a terminal's type that could be more is told, and xterm takes its place") {
  for (const std::string type : {"touch /tmp/x", "$(id)", "a;b", "a/b", "a=b", "a\nb", "a:b", "a@b", "\xc3\xa4"}) {
    Variables variables;
    CHECK(variables.set_terminal(type) == "xterm");
    CHECK(variables.text() == "TERM=xterm");
    CHECK(variables.take_refused() == "TERM=" + type);
  }
  Variables variables;
  CHECK(variables.set_terminal(std::string(64, 'x')) == std::string(64, 'x'));
  CHECK(variables.set_terminal(std::string(65, 'x')) == "xterm");
}
