#include <array>
#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "cli_advice.hpp"
#include "cli_help.hpp"
#include "cli_parser.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "record_json.hpp"
#include "resource_limits.hpp"
#include "sallyport/app/command_line.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

void complain(const std::string& text) { fmt::print(stderr, "{}", text); }

int show_help(const HelpWanted& wanted) {
  const auto printed = print_text(help_text(wanted.words));
  return printed ? 0 : 1;
}

constexpr auto kFailure = std::to_array<Field>({
    {"command", FieldType::text, 128, false, "what was to be done"},
    {"code", FieldType::text, 64, true, "the kind: not_found"},
    {"status", FieldType::number, 0, true, "the exit status"},
    {"message", FieldType::text, 8192, true, "a sentence"},
    {"advice", FieldType::text, 1024, false, "what to do about it"},
});

struct Failure {
  std::string command;
  std::string_view code;
  int status;
  Said said;
};

// One object on stderr, for programs: stdout holds results and nothing else.
void complain_as_json(const Failure& failure) {
  Record record(kFailure);
  record.set("code", failure.code).set("status", static_cast<std::uint64_t>(failure.status));
  record.set("message", base::escape_text(failure.said.sentence, 8000));
  if (!failure.command.empty()) record.set("command", failure.command);
  if (!failure.said.advice.empty()) record.set("advice", base::escape_text(failure.said.advice, 1000));
  const auto text = to_json(record, "\"schema\":\"sallyport.error/1\"");
  if (text) complain(std::string(base::as_text(text.value().view())) + "\n");
}

int show(const Failure& failure, bool json) {
  if (json) {
    complain_as_json(failure);
    return failure.status;
  }
  // Texts of the server are escaped where they come in; line ends of ours separate several findings.
  const auto who = failure.command.empty() ? "sallyport" : "sallyport " + failure.command;
  complain(fmt::format("{}: {}\n", who, failure.said.sentence));
  if (!failure.said.advice.empty()) complain("  " + failure.said.advice + "\n");
  return failure.status;
}

// The line was not understood, so its options were not either: the word itself has to do.
bool json_was_meant(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "-ojson" || words[i] == "--output=json") return true;
    if ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size()) return words[i + 1] == "json";
  }
  return environment("SALLYPORT_OUTPUT") == "json";
}

int show_usage_error(const UsageError& error, bool json) {
  const auto help = fmt::format("see: sallyport {}{}--help", error.words, error.words.empty() ? "" : " ");
  return show({"", "usage", 2, {error.message, error.advice.empty() ? help : error.advice + "; " + help}}, json);
}

int show_failure(const Invocation& line, const base::Error& error) {
  const auto json = line.json();
  return show({line.command().words, base::to_string(error.code()), exit_status(error.code()), said(error)},
              json && json.value());
}

int run(const Invocation& line) {
  // A server takes its own slab, by its own rules, before anything else.
  if (line.command().words != "server") {
    const auto locked = base::LockedMemory::init(base::LockPolicy::prefer);
    if (!locked) return show_failure(line, locked.error());
  }
  const auto config = line.config();
  if (config) {
    for (const auto& note : config.value()->notes) complain("sallyport: " + note + "\n");
  }
  const auto status = line.command().run(line);
  return status ? status.value() : show_failure(line, status.error());
}

}  // namespace

int run_command_line(int argc, char** argv) {
  try {
    ignore_write_signals();
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    const auto parsed = parse_command_line(words);
    if (const auto* wanted = std::get_if<HelpWanted>(&parsed)) return show_help(*wanted);
    if (const auto* error = std::get_if<UsageError>(&parsed)) return show_usage_error(*error, json_was_meant(words));
    return run(std::get<Invocation>(parsed));
  } catch (const std::exception& error) {
    complain(fmt::format("sallyport: {}\n", base::escape_text(error.what())));
    return 1;
  }
}

}  // namespace sallyport::app
