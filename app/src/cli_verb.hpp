#pragma once
// Commands that are one operation each: which operation, which of its fields stand where, what is shown.
// Names, bounds and help of the fields come from the operation table.
#include <span>
#include <string_view>

#include "cli_command.hpp"
#include "sallyport/app/operation.hpp"

namespace sallyport::app {

struct Verb {
  std::string_view words;  ///< "user key add"
  OperationId operation;
  std::string_view audience;
  std::string_view positionals;  ///< fields that are positional, in order
  std::string_view columns;      ///< of a table: fields of the list's item; all of them when empty
  std::string_view asks;         ///< optional secret fields that are asked for at a terminal
  std::string_view renames;      ///< "seconds=for": an option that is not called like its field
  std::string_view examples;     ///< one a line
  std::string_view summary;      ///< where the operation's own does not fit
  std::string_view done;         ///< shown when there is no output: "user {name} removed"
  std::string_view confirms;     ///< asked at a terminal before it is done: "Remove {name}?"
};

std::span<const Verb> verbs();
/// The verb as a command: arguments from the operation's input, run() through the API.
Command to_command(const Verb& verb);
/// What a field is called as an option: "longest_seconds" is --longest.
std::string option_name(const Verb& verb, const Field& field);

}  // namespace sallyport::app
