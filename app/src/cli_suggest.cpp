#include "cli_suggest.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

// Letters changed, added or left out.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = corner + (a[i] == b[j] ? 0U : 1U);
      corner = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, corner + 1});
    }
  }
  return row.back();
}

bool is_known(std::string_view words) {
  const auto& commands = all_commands();
  return std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
    return command.words == words || command.words.starts_with(std::string(words) + " ");
  });
}

std::string meant(const std::optional<std::string>& word, const std::string& before) {
  return word ? fmt::format("did you mean: {}{}", before, *word) : std::string();
}

UsageError unknown_after(const std::string& words, const std::string& word) {
  const auto next = followers_of(words);
  const auto before = words.empty() ? "sallyport " : "sallyport " + words + " ";
  const auto shown = base::escape_text(word, 64);
  if (words.empty()) return {"there is no command \"" + shown + "\"", "", meant(nearest(word, next), before)};
  return {fmt::format("\"{}\" has no verb \"{}\"; it has: {}", words, shown, fmt::join(next, ", ")), words,
          meant(nearest(word, next), before)};
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongest = 64;
  if (word.size() > kLongest) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    if (word.size() >= 2 && candidate.starts_with(word)) return candidate;
    const auto far = distance(word, candidate);
    if (far >= least || far >= word.size()) continue;
    least = far;
    best = &candidate;
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

std::vector<std::string> followers_of(std::string_view words) {
  const auto before = words.empty() ? std::string() : std::string(words) + " ";
  std::vector<std::string> out;
  for (const auto& command : all_commands()) {
    if (command.hidden || !command.words.starts_with(before)) continue;
    auto next = command.words.substr(before.size(), command.words.find(' ', before.size()) - before.size());
    if (!next.empty() && std::find(out.begin(), out.end(), next) == out.end()) out.push_back(std::move(next));
  }
  return out;
}

std::optional<UsageError> unknown_word(const std::vector<std::string>& line) {
  std::string words;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at].starts_with('-')) {
      if (takes_value(line[at])) ++at;
      continue;
    }
    const auto longer = words.empty() ? line[at] : words + " " + line[at];
    if (!is_known(longer)) {
      if (find_command(words) != nullptr) return std::nullopt;  // an argument of that command
      return unknown_after(words, line[at]);
    }
    words = longer;
  }
  return std::nullopt;
}

UsageError unknown_option(const std::string& option, const std::string& command) {
  const auto name = option.substr(0, option.find('='));
  std::vector<std::string> known{"--help"};
  const auto add = [&](const std::vector<Arg>& args) {
    for (const auto& arg : args) {
      if (arg.kind == ArgKind::option || arg.kind == ArgKind::flag) known.push_back("--" + arg.name);
    }
  };
  add(global_args());
  if (const auto* found = find_command(command)) add(found->args);
  return {"there is no option " + base::escape_text(name, 64), command, meant(nearest(name, known), "")};
}

}  // namespace sallyport::app
