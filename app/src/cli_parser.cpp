#include "cli_parser.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <list>

#include <fmt/format.h>

#include "cli_suggest.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

// The library's tree of commands, and where it puts what it reads.
struct Leaf {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::map<std::string, bool, std::less<>> flags;
};

class Tree {
 public:
  Tree() : root_("sallyport") {
    root_.set_help_flag("");
    root_.fallthrough();
    root_.require_subcommand(0, 1);  // else a target named "ssh" is taken for the command
    help_flag(root_, "");
    for (const auto& arg : global_args()) {
      root_.add_option(arg.name == "output" ? "-o,--output" : "--" + arg.name, globals_[arg.name])
          ->expected(1)
          ->allow_extra_args(false);
    }
    for (const auto& command : all_commands()) add(command);
  }

  void parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());
    root_.parse(words);
  }

  std::vector<std::string> left_over() const { return root_.remaining(true); }
  /// The deepest command that was named.
  std::string named() const {
    std::string words;
    const CLI::App* at = &root_;
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      words += (words.empty() ? "" : " ") + at->get_name();
    }
    return words;
  }
  bool help() const {
    return std::any_of(help_.begin(), help_.end(), [](const auto& wanted) { return wanted.second; });
  }
  Leaf* leaf() {
    const auto found = leaves_.find(named());
    return found == leaves_.end() ? nullptr : &found->second;
  }
  Invocation::Values values(const Leaf& leaf) const {
    Invocation::Values out;
    for (const auto& source : {globals_, leaf.values}) {
      for (const auto& [name, value] : source) {
        if (!value.empty()) out[name] = value;
      }
    }
    for (const auto& [name, set] : leaf.flags) {
      if (set) out[name] = {"true"};
    }
    return out;
  }

 private:
  void help_flag(CLI::App& app, const std::string& words) { app.add_flag("-h,--help", help_[words]); }

  CLI::App& child(CLI::App& parent, const std::string& name, const std::string& words) {
    for (auto* known : parent.get_subcommands([&](const CLI::App* app) { return app->get_name() == name; }))
      return *known;
    auto* made = parent.add_subcommand(name);
    made->set_help_flag("");
    made->require_subcommand(0, 1);
    help_flag(*made, words);
    return *made;
  }

  void add(const Command& command) {
    CLI::App* at = &root_;
    std::string so_far;
    std::size_t start = 0;
    while (start < command.words.size()) {
      const auto end = std::min(command.words.find(' ', start), command.words.size());
      const auto word = command.words.substr(start, end - start);
      so_far += (so_far.empty() ? "" : " ") + word;
      at = &child(*at, word, so_far);
      start = end + 1;
    }
    auto& leaf = leaves_[command.words];
    leaf.command = &command;
    leaf.app = at;
    for (const auto& arg : command.args) add_arg(leaf, arg);
  }

  /// CLI11 2.4 and newer refuse an option of a command below that is called like its own positional ("checkout
  /// ACCOUNT", "checkout list --account"); in capitals the two differ.
  static std::string positional_name(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return name;
  }

  static void add_arg(Leaf& leaf, const Arg& arg) {
    switch (arg.kind) {
      case ArgKind::flag:
        leaf.app->add_flag("--" + arg.name, leaf.flags[arg.name]);
        return;
      case ArgKind::positional:
        leaf.app->add_option(positional_name(arg.name), leaf.values[arg.name])->expected(1)->allow_extra_args(false);
        return;
      case ArgKind::option: {
        const auto names = (arg.name.size() == 1 ? "-" : "--") + arg.name;
        leaf.app->add_option(names, leaf.values[arg.name])->expected(1)->allow_extra_args(false);
        return;
      }
      case ArgKind::rest:
        return;
    }
  }

  CLI::App root_;
  std::map<std::string, Leaf> leaves_;
  std::map<std::string, bool> help_;
  std::map<std::string, std::vector<std::string>, std::less<>> globals_;
};

bool takes_value_of(const Command& command, const std::string& word) {
  return std::ranges::any_of(command.args,
                             [&](const Arg& arg) { return arg.kind == ArgKind::option && word == "--" + arg.name; });
}

// `ssh root@web1 ls -l`: what follows the destination belongs to the other program, dashes and all.
std::size_t end_of_own_words(const std::vector<std::string>& words) {
  std::size_t at = 0;
  while (at < words.size() && words[at].starts_with('-') && words[at] != "--") at += takes_value(words[at]) ? 2U : 1U;
  if (at >= words.size() || words[at] != "ssh") return words.size();
  for (++at; at < words.size(); ++at) {
    if (!words[at].starts_with('-')) return at + 1;
    if (takes_value(words[at]) || takes_value_of(*find_command("ssh"), words[at])) ++at;
  }
  return words.size();
}

std::vector<std::string> split_rest(std::vector<std::string>& words) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  const auto own = words.begin() + static_cast<std::ptrdiff_t>(std::min(end_of_own_words(words), words.size()));
  const auto cut = std::min(dashes, own);
  std::vector<std::string> rest(cut, words.end());
  words.erase(cut, words.end());
  if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());
  return rest;
}

std::optional<std::string> misfit(const Command& command, const Invocation& line) {
  bool takes_rest = false;
  for (const auto& arg : command.args) {
    takes_rest = takes_rest || arg.kind == ArgKind::rest;
    const auto shown = arg.kind == ArgKind::positional ? arg.value : "--" + arg.name;
    if (arg.required && arg.kind != ArgKind::rest && !line.has(arg.name)) return shown + " is missing";
    if (!arg.choices.empty() && line.has(arg.name) &&
        std::find(arg.choices.begin(), arg.choices.end(), line.one(arg.name)) == arg.choices.end()) {
      return fmt::format("{} must be one of: {}", shown, fmt::join(arg.choices, ", "));
    }
  }
  if (!takes_rest && !line.rest().empty()) return "nothing may follow \"--\" here";
  return std::nullopt;
}

Parsed interpret(Tree& tree, std::vector<std::string> rest) {
  if (tree.help()) return HelpWanted{tree.named()};
  auto* leaf = tree.leaf();
  if (leaf == nullptr) {
    if (tree.named().empty()) return UsageError{"no command was given", ""};
    return UsageError{fmt::format("\"{}\" needs a verb: {}", tree.named(), fmt::join(followers_of(tree.named()), ", ")),
                      tree.named()};
  }
  Invocation line(*leaf->command, tree.values(*leaf), std::move(rest));
  if (auto problem = misfit(*leaf->command, line)) return UsageError{*problem, leaf->command->words};
  return line;
}

// `help user key add`, `help user`: words of commands instead of options.
std::optional<Parsed> help_about(const std::vector<std::string>& words) {
  if (words.size() < 2 || words[0] != "help" || words[1].starts_with('-')) return std::nullopt;
  const std::vector<std::string> about(words.begin() + 1, words.end());
  if (auto problem = unknown_word(about)) return *problem;
  std::string named;
  for (const auto& word : about) {
    if (!word.starts_with('-')) named += (named.empty() ? "" : " ") + word;
  }
  if (find_command(named) == nullptr && followers_of(named).empty())
    return UsageError{"there is no command \"" + base::escape_text(named, 64) + "\"", "help"};
  return HelpWanted{named};
}

UsageError misread(Tree& tree, const CLI::ParseError& error) {
  for (const auto& word : tree.left_over()) {
    if (word.starts_with("--")) return unknown_option(word, tree.named());
  }
  return UsageError{base::escape_text(error.what()), tree.named()};
}

}  // namespace

bool takes_value(const std::string& word) {
  if (word == "-o") return true;
  return std::any_of(global_args().begin(), global_args().end(),
                     [&](const Arg& arg) { return word == "--" + arg.name; });
}

Parsed parse_command_line(std::vector<std::string> words) {
  if (!words.empty() && words.front() == "--version") words.front() = "version";
  if (auto about = help_about(words)) return std::move(*about);
  auto rest = split_rest(words);
  if (auto problem = unknown_word(words)) return *problem;
  Tree tree;
  try {
    tree.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    if (tree.help()) return HelpWanted{tree.named()};
    return misread(tree, error);
  }
  return interpret(tree, std::move(rest));
}

}  // namespace sallyport::app
