#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "cli_help.hpp"
#include "cli_parser.hpp"
#include "output.hpp"
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

int show_usage_error(const UsageError& error) {
  complain(fmt::format("sallyport: {}\nsee: sallyport {}{}--help\n", error.message, error.words,
                       error.words.empty() ? "" : " "));
  return 2;
}

int show_failure(const Invocation& line, const base::Error& error) {
  // Texts of the server are escaped where they come in; line ends of ours separate several findings.
  complain(fmt::format("sallyport {}: {}\n", line.command().words, error.context()));
  if (const auto next = hint(error.code()); !next.empty()) complain("  " + next + "\n");
  return exit_status(error.code());
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
    (void)std::signal(SIGPIPE, SIG_IGN);
    const auto parsed = parse_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
    if (const auto* wanted = std::get_if<HelpWanted>(&parsed)) return show_help(*wanted);
    if (const auto* error = std::get_if<UsageError>(&parsed)) return show_usage_error(*error);
    return run(std::get<Invocation>(parsed));
  } catch (const std::exception& error) {
    complain(fmt::format("sallyport: {}\n", base::escape_text(error.what())));
    return 1;
  }
}

}  // namespace sallyport::app
