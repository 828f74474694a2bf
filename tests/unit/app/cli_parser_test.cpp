#include "cli_parser.hpp"

#include <algorithm>
#include <set>

#include "cli_help.hpp"
#include "cli_verb.hpp"
#include "completion.hpp"
#include "support/catch.hpp"

namespace sallyport::app {
namespace {

Invocation parsed(std::vector<std::string> words) {
  auto result = parse_command_line(std::move(words));
  if (const auto* error = std::get_if<UsageError>(&result)) FAIL(error->message);
  REQUIRE(std::holds_alternative<Invocation>(result));
  return std::get<Invocation>(std::move(result));
}

}  // namespace

TEST_CASE("options of every command may stand before or after it") {
  CHECK(parsed({"-o", "json", "user", "list"}).one("output") == "json");
  CHECK(parsed({"user", "list", "--output", "json"}).one("output") == "json");
}

TEST_CASE("a noun that is a verb too takes both forms") {
  CHECK(parsed({"checkout", "root@web1", "--reason", "x"}).command().words == "checkout");
  CHECK(parsed({"checkout", "list"}).command().words == "checkout list");
}

TEST_CASE("everything after the destination of ssh is the other program's") {
  const auto line = parsed(
      {"--data", "/d", "ssh", "--reason", "two words", "--user", "alice", "root@web1", "ls", "-l", "--", "--data"});
  CHECK(line.one("account") == "root@web1");
  CHECK(line.one("user") == "alice");
  CHECK(line.one("data") == "/d");
  CHECK(line.rest() == std::vector<std::string>{"ls", "-l", "--", "--data"});
  CHECK(parsed({"ssh", "root@web1", "--", "-x"}).rest() == std::vector<std::string>{"-x"});
}

TEST_CASE("a target named ssh is no reason to stop reading options") {
  CHECK(parsed({"target", "show", "ssh", "--output", "json"}).one("output") == "json");
}

TEST_CASE("an option takes one value and leaves the next word alone, and is given once") {
  CHECK(parsed({"target", "add", "--port", "22", "web1", "host"}).one("host") == "host");
  CHECK(std::holds_alternative<UsageError>(
      parse_command_line({"target", "add", "web1", "host", "--port", "1", "--port", "2"})));
  CHECK(parsed({"user", "show", "user"}).one("name") == "user");
  CHECK(parsed({"grant", "add", "list", "add"}).one("user") == "add");
}

TEST_CASE("help is given for a command, a noun and the program, whatever else is wrong") {
  const auto help = [](std::vector<std::string> words) {
    const auto result = parse_command_line(std::move(words));
    REQUIRE(std::holds_alternative<HelpWanted>(result));
    return std::get<HelpWanted>(result).words;
  };
  CHECK(help({"--help"}).empty());
  CHECK(help({"user", "-h"}) == "user");
  CHECK(help({"user", "add", "--help"}) == "user add");
}

TEST_CASE("help takes the words of a command, and --version is version") {
  const auto result = parse_command_line({"help", "user", "key", "add"});
  REQUIRE(std::holds_alternative<HelpWanted>(result));
  CHECK(std::get<HelpWanted>(result).words == "user key add");
  CHECK(parsed({"help", "--man"}).has("man"));
  CHECK(parsed({"--version"}).command().words == "version");
}

TEST_CASE("a word that nobody knows gets the nearest one") {
  const auto wrong = [](std::vector<std::string> words) {
    const auto result = parse_command_line(std::move(words));
    REQUIRE(std::holds_alternative<UsageError>(result));
    return std::get<UsageError>(result);
  };
  CHECK(wrong({"sesion", "list"}).advice == "did you mean: sallyport session");
  CHECK(wrong({"user", "lst"}).advice == "did you mean: sallyport user list");
  CHECK(wrong({"user", "lst"}).message.find("add, list") != std::string::npos);
  CHECK(wrong({"help", "chekout"}).advice == "did you mean: sallyport checkout");
  CHECK(wrong({"checkout", "root@web1", "--raeson", "x"}).advice == "did you mean: --reason");
  CHECK(wrong({"user"}).message.find("needs a verb: add, list") != std::string::npos);
  CHECK(wrong({"xyzzy"}).advice.empty());
  CHECK(wrong({"ssh-mastre"}).advice.find("ssh-master") == std::string::npos);
}

TEST_CASE("no command takes a secret as a value on the command line") {
  for (const auto& verb : verbs()) {
    const auto command = to_command(verb);
    for (const auto& field : find_operation(verb.operation)->input) {
      if (field.type != FieldType::secret && field.type != FieldType::secret_bytes) continue;
      for (const auto& arg : command.args) {
        INFO(command.words << " " << arg.name);
        CHECK(arg.name != option_name(verb, field));
        CHECK(arg.name != field.name);
      }
    }
  }
}

TEST_CASE("what removes, takes a role away or seals asks first, and can be told not to") {
  for (const auto& command : all_commands()) {
    if (!command.words.ends_with(" remove") && command.words != "seal") continue;
    INFO(command.words);
    const auto yes = std::ranges::find(command.args, "yes", &Arg::name);
    CHECK(yes != command.args.end());
  }
  for (const auto& verb : verbs()) {
    if (verb.words.ends_with(" remove")) CHECK(verb.confirms.ends_with('.') + verb.confirms.ends_with('?') == 1);
  }
}

TEST_CASE("the option --version stands in the help of the program, and no option is named twice") {
  const auto help = help_text("");
  CHECK(help.find("\n  --version  ") != std::string::npos);
  CHECK(help.find("also -o") == std::string::npos);
  for (const auto& page : {man_page(), markdown_reference()}) CHECK(page.find("version, as") != std::string::npos);
}

TEST_CASE("every command has a summary, an example unless it is hidden, and a name of its own") {
  std::set<std::string> names;
  for (const auto& command : all_commands()) {
    INFO(command.words);
    CHECK_FALSE(command.summary.empty());
    CHECK((command.hidden || !command.examples.empty()));
    CHECK(command.run);
    CHECK(names.insert(command.words).second);
  }
}

TEST_CASE("every operation that the API offers has a verb or a command of its own") {
  // Those that commands of several steps use.
  const std::set<std::string_view> used{
      "health", "auth.login",     "auth.logout",       "auth.whoami",    "otp.enroll",   "otp.confirm", "checkin",
      "reveal", "recording.open", "recording.content", "recording.show", "audit.export", "audit.verify"};
  std::set<OperationId> have;
  for (const auto& verb : verbs()) have.insert(verb.operation);
  for (const auto& operation : operations()) {
    INFO(operation.name);
    if (!operation.path.empty()) CHECK((have.contains(operation.id) || used.contains(operation.name)));
  }
}

TEST_CASE("completion is offered for three shells, and knows every noun") {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell);
    REQUIRE(script);
    for (const auto* noun : {"user", "target", "recording", "ssh-config"})
      CHECK(script.value().find(noun) != std::string::npos);
    CHECK(script.value().find("ssh-master") == std::string::npos);
  }
  CHECK_FALSE(completion_script("tcsh"));
}

}  // namespace sallyport::app
