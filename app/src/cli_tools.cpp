// completion, openapi, version, help.
#include "cli_groups.hpp"
#include "cli_help.hpp"
#include "client_api.hpp"
#include "completion.hpp"
#include "output.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxDocument = 4U << 20U;
constexpr auto kVersionOut = std::to_array<Field>({{"version", FieldType::text, 64, true, "of this program"}});

base::Result<int> run_completion(const Invocation& line) {
  SALLYPORT_TRY(const auto script, completion_script(line.one("shell")));
  SALLYPORT_TRYV(print_text(script));
  return 0;
}

base::Result<int> run_openapi(const Invocation& line) {
  SALLYPORT_TRY(auto client, plain_client(line));
  SALLYPORT_TRY(const auto document, client.get("/openapi.json", kMaxDocument));
  SALLYPORT_TRYV(print_text(base::as_text(document)));
  return 0;
}

base::Result<int> run_version(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  if (!json) {
    SALLYPORT_TRYV(print_text("sallyport " SALLYPORT_VERSION "\n"));
    return 0;
  }
  Record record(kVersionOut);
  record.set("version", SALLYPORT_VERSION);
  SALLYPORT_TRYV(print(record, "version", "", true));
  return 0;
}

base::Result<int> run_help(const Invocation& line) {
  if (line.has("man")) {
    SALLYPORT_TRYV(print_text(man_page()));
  } else if (line.has("markdown")) {
    SALLYPORT_TRYV(print_text(markdown_reference()));
  } else {
    SALLYPORT_TRYV(print_text(help_text("")));
  }
  return 0;
}

}  // namespace

std::vector<Command> tool_commands() {
  std::vector<Command> commands;
  commands.push_back(
      {"completion",
       "Everybody",
       "Prints a completion script",
       "",
       {{"shell", ArgKind::positional, true, "SHELL", "which shell", {"bash", "zsh", "fish"}}},
       {"source <(sallyport completion bash)", "sallyport completion fish > ~/.config/fish/completions/sallyport.fish"},
       run_completion});
  commands.push_back({"openapi",
                      "Everybody",
                      "Prints the API's OpenAPI document",
                      "",
                      {},
                      {"sallyport openapi > openapi.json"},
                      run_openapi});
  commands.push_back({"version", "Everybody", "Prints the version", "", {}, {"sallyport version"}, run_version});
  commands.push_back(
      {"help",
       "Everybody",
       "Lists the commands",
       "",
       {{"command", ArgKind::rest, false, "COMMAND...", "help of this command, or of the commands of a noun"},
        {"man", ArgKind::flag, false, "", "as a man page"},
        {"markdown", ArgKind::flag, false, "", "as docs/cli.md"}},
       {"sallyport help", "sallyport help user add", "sallyport help --man | man -l -"},
       run_help});
  return commands;
}

}  // namespace sallyport::app
