#include "sallyport/broker/scp_command.hpp"

#include <sys/stat.h>

#include <fstream>
#include <random>

#include "sallyport/base/process.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::broker;
using recorder::Direction;

namespace {

/// What the target gets; empty where it is not scp.
std::string sent(std::string_view command) {
  const auto call = parse_scp_command(command);
  return call ? call->command : std::string();
}

}  // namespace

TEST_CASE("scp: only the exact far side of scp is scp") {
  CHECK(parse_scp_command("scp -t /tmp/x"));
  CHECK(parse_scp_command("scp -f 'a file'")->path == "a file");
  CHECK(parse_scp_command("scp -rf dir\\ name")->path == "dir name");
  CHECK(parse_scp_command("scp -t x")->direction == Direction::to_target);
  CHECK(parse_scp_command("scp -f x")->direction == Direction::to_client);
  CHECK(parse_scp_command("scp -d -t x")->into_directory);
  CHECK_FALSE(parse_scp_command("scp -t x")->into_directory);
  CHECK_FALSE(parse_scp_command("scp -t " + std::string(5000, 'x')));
  const std::string bad = GENERATE(
      "", "scp", "scp -t", "scp x", "scp -t x y", "scp -t x;id", "scp -t x; bash", "scp -t `id`", "scp -t $HOME",
      "scp -t x|id", "scp -t x>y", "scp -t x&", "scp -t \"x\"", "scp -t 'x", "scp -t x\nid", "scp -t *", "scp -t a?",
      "scp -t (x)", "scp -S id -t x", "scp -oProxyCommand=id -t x", "scp -tf x", "scp -t -f x", "/bin/scp -t x",
      "scp -f -t x", "scp -tt x", "scp -ff x", "scp -t - x", "scp -t 'a\nb'", "scp -t 'a\x01'", "scp -t x\\\nid",
      "scp  -t x", "scp -t x ", "SCP -t x", "scp -t x\\", "scp -t ^x", "scp -t -", "scp -t !x", "scp -t #x",
      "scp -t x'", "scp -t ''", "scp -t '", "scp -t {a,b}", "scp -t '\x7f'", "scp -t\tx", "scp -v -t");
  INFO(bad);
  CHECK_FALSE(parse_scp_command(bad));
}

TEST_CASE("scp: what shells read in more than one way is not scp") {
  const std::string bad = GENERATE(
      "scp -t 'a\\'x'; id > /tmp/f #'", "scp -t 'a\\'", "scp -t 'a'\\''b'", "scp -t a'b'", "scp -t 'a'b",
      "scp -t 'a''b'", "scp -t a\\'b", "scp -t a\\\\b", "scp -t \\x41", "scp -t a\\;id", "scp -t 'a!b'", "scp -t a!b",
      "scp -t =zzprog", "scp -t %1", "scp -t %self", "scp -t ~root/x", "scp -t ~+", "scp -t '~/x'", "scp -t '~'",
      "scp -t a=~/x", "scp -t a:~/x", "scp -t 'a;id'", "scp -t 'a|id'", "scp -t 'a&id'", "scp -t '$HOME'",
      "scp -t '`id`'", "scp -t 'a>b'", "scp -t 'a<b'", "scp -t 'a\"b'", "scp -t 'a^b'", "scp -t '*'", "scp -t '?'");
  INFO(bad);
  CHECK_FALSE(parse_scp_command(bad));
}

TEST_CASE("scp: the target is sent a command of the broker's own, in which no shell finds anything") {
  for (const auto* as_it_is : {"scp -t /tmp/x", "scp -f .", "scp -v -r -p -d -t a/b", "scp -t -- -x",
                               "scp -t flash:run,1@2+3", "scp -f a-b_c.d"})
    CHECK(sent(as_it_is) == as_it_is);
  CHECK(sent("scp -dtrv -- x") == "scp -v -r -d -t x");
  CHECK(sent("scp -v -v -q -t x") == "scp -v -q -t x");
  CHECK(sent("scp -f '/tmp/plain'") == "scp -f /tmp/plain");
  CHECK(sent("scp -t /tmp/a\\ b") == "scp -t '/tmp/a b'");
  CHECK(sent("scp -t '/tmp/a b (1)[2]{3}#'") == "scp -t '/tmp/a b (1)[2]{3}#'");
  CHECK(sent("scp -t -- -\\ b") == "scp -t -- '- b'");
  CHECK(sent("scp -t 100%/a=b~") == "scp -t '100%/a=b~'");
  CHECK(sent("scp -t '=zzprog'") == "scp -t '=zzprog'");
  CHECK(sent("scp -t na\xc3\xafve") == "scp -t 'na\xc3\xafve'");
}

TEST_CASE("scp: the person's home is where the target starts the command") {
  CHECK(sent("scp -t ~") == "scp -t .");
  CHECK(sent("scp -t ~/") == "scp -t ./");
  CHECK(sent("scp -t ~/a\\ b") == "scp -t './a b'");
  CHECK(sent("scp -f ~/-x") == "scp -f ./-x");
  CHECK(parse_scp_command("scp -t ~/x")->path == "./x");
}

namespace {

/// A place where `scp` is a program that shows what it was called with, one argument a line, with "<" before the first.
struct Shells {
  test::TempDir directory;

  Shells() {
    const auto scp = directory.path() / "scp";
    std::ofstream(scp) << "#!/bin/sh\nprintf '<\\n'\nprintf '%s\\n' \"$@\"\n";
    REQUIRE(chmod(scp.c_str(), 0700) == 0);
    for (const auto* name : {"=zzprog", "zzprog", "a", "b"}) {
      std::ofstream(directory.path() / name) << "#!/bin/sh\necho RUN\n";
      REQUIRE(chmod((directory.path() / name).c_str(), 0700) == 0);
    }
  }
  /// As sshd calls it. Nothing if that shell is not here.
  std::optional<std::string> run(const std::string& shell, const std::string& commands) const {
    const auto here = directory.path().string();
    const auto done = base::run({.argv = {"/usr/bin/env", "-C", here, shell, "-c", commands},
                                 .environment = {"PATH=" + here + ":/usr/bin:/bin", "HOME=" + here, "LC_ALL=C.UTF-8"}});
    if (!done || done.value().status == 127) return std::nullopt;
    INFO(shell << ": " << base::as_text(done.value().err));
    CHECK(done.value().err.empty());
    return std::string(base::as_text(done.value().out));
  }
};

/// What the program has to see: the options of the canonical command as they stand, then the path itself.
std::string expected(const ScpCall& call) {
  std::string out = "<\n";
  for (std::size_t at = 4; call.command[at] == '-'; at += 3) {
    out += call.command.substr(at, 2) + "\n";
    if (call.command.compare(at, 2, "--") == 0 || at + 3 >= call.command.size()) break;
  }
  return out + call.path + "\n";
}

/// Scraps that shells disagree on, put together at random.
std::string hostile(std::mt19937& random) {
  static const std::vector<std::string> kScraps = {"'",
                                                   "'",
                                                   "\\",
                                                   "\\ ",
                                                   "\\'",
                                                   "\"",
                                                   "!",
                                                   "=",
                                                   "~",
                                                   "~/",
                                                   "%",
                                                   "$HOME",
                                                   "`id`",
                                                   "(a)",
                                                   "{a,b}",
                                                   "[a]",
                                                   "*",
                                                   "?",
                                                   "#",
                                                   ";",
                                                   "&",
                                                   "|",
                                                   ">b",
                                                   "<b",
                                                   "^a",
                                                   "a",
                                                   "b",
                                                   "/",
                                                   ".",
                                                   "-",
                                                   ",",
                                                   ":",
                                                   "zzprog",
                                                   " ",
                                                   "@",
                                                   "+",
                                                   "$",
                                                   "!!",
                                                   "\xc3\xa4",
                                                   "\xe2",
                                                   "\xff",
                                                   "\xe2\x80\x99",
                                                   "\xef\x98\xa7",
                                                   "; a",
                                                   " b",
                                                   "\n"};
  std::string out = random() % 2 != 0 ? "'" : "";
  const bool closes = !out.empty();
  for (auto left = 1 + random() % 4; left > 0; --left) out += kScraps[random() % kScraps.size()];
  return out + (closes ? "'" : "");
}

}  // namespace

TEST_CASE("scp: what is sent means the same to every shell that is here") {
  const Shells shells;
  std::mt19937 random(7);
  std::string script;
  std::string wanted;
  for (int taken = 0; taken < 300;) {
    const auto call = parse_scp_command("scp -v -t -- " + hostile(random));
    if (!call) continue;
    ++taken;
    const auto again = parse_scp_command(call->command);
    REQUIRE(again);
    CHECK(again->command == call->command);
    CHECK(again->path == call->path);
    script += call->command + "\n";
    wanted += expected(*call);
  }
  int tried = 0;
  for (const std::string shell : {"sh", "bash", "dash", "zsh", "fish", "tcsh", "csh", "mksh", "ksh"}) {
    const auto seen = shells.run(shell, script);
    if (!seen) continue;
    ++tried;
    INFO(shell);
    CHECK(*seen == wanted);
  }
  CHECK(tried > 0);
}
