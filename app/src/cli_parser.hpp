#pragma once
// From argv to an Invocation. The only place that knows the parser library.
#include <variant>

#include "cli_command.hpp"

namespace sallyport::app {

/// Help was asked for: of a command, of a noun ("user"), or of the program ("").
struct HelpWanted {
  std::string words;
};
/// The line fits no command: a sentence, and whose help says more.
struct UsageError {
  std::string message;
  std::string words;
  std::string advice{};  ///< "did you mean ...?"; may be empty
};

using Parsed = std::variant<Invocation, HelpWanted, UsageError>;

/// Whether the next word belongs to this one: an option of every command, without "=".
bool takes_value(const std::string& word);

/// argv without its first word. Everything after the first "--" is left alone (Invocation::rest).
Parsed parse_command_line(std::vector<std::string> words);

}  // namespace sallyport::app
