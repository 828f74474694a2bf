#pragma once
// What a person probably meant by a word that nobody knows.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli_parser.hpp"

namespace sallyport::app {

/// The candidate that begins so, or that few changed letters lead to; nothing when none is near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

/// The words that may follow `words` ("user": add, list ...); the nouns for an empty text. No hidden ones.
std::vector<std::string> followers_of(std::string_view words);

/// The first word of a line that is neither a noun, a verb, an option nor in an argument's place.
std::optional<UsageError> unknown_word(const std::vector<std::string>& line);
/// An option that the command does not have.
UsageError unknown_option(const std::string& option, const std::string& command);

}  // namespace sallyport::app
