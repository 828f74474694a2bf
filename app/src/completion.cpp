#include "completion.hpp"

#include <map>
#include <set>

#include <fmt/format.h>

#include "cli_command.hpp"

namespace sallyport::app {
namespace {

std::string option_word(const Arg& arg) { return (arg.name.size() == 1 ? "-" : "--") + arg.name; }
bool is_option(const Arg& arg) { return arg.kind == ArgKind::option || arg.kind == ArgKind::flag; }

// What may follow some words: verbs, and options with a leading dash.
std::map<std::string, std::set<std::string>> followers() {
  std::map<std::string, std::set<std::string>> next;
  for (const auto& command : all_commands()) {
    if (command.hidden) continue;
    std::size_t start = 0;
    while (start < command.words.size()) {
      const auto end = std::min(command.words.find(' ', start), command.words.size());
      next[start == 0 ? "" : command.words.substr(0, start - 1)].insert(command.words.substr(start, end - start));
      start = end + 1;
    }
    auto& options = next[command.words];
    for (const auto* args : {&command.args, &global_args()}) {
      for (const auto& arg : *args) {
        if (is_option(arg)) options.insert(option_word(arg));
      }
    }
    options.insert("--help");
  }
  return next;
}

std::map<std::string, std::string> choices() {
  std::map<std::string, std::string> found{{"-o", "table wide json"}};
  for (const auto& arg : global_args()) {
    if (!arg.choices.empty()) found[option_word(arg)] = fmt::format("{}", fmt::join(arg.choices, " "));
  }
  return found;
}

std::string joined(const std::set<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

// The words so far, without options, pick a line of the table; the rest is the shell's own matching.
// Defines the function NAME, in words that zsh understands as well.
std::string bash_function(std::string_view name) {
  std::string table, values;
  for (const auto& [words, next] : followers())
    table += fmt::format("    \"{}\") next=\"{}\" ;;\n", words, joined(next));
  for (const auto& [option, words] : choices())
    values += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n", option, words);
  return "_sallyport_next() {\n  next=\"\"\n  case \"$1\" in\n" + table + "  esac\n}\n" + std::string(name) +
         "() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} words=\"\" next i candidate\n"
         "  COMPREPLY=()\n"
         "  case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n" +
         values +
         "    --ca|--data|--ready-file|--config|--host-key|--key|--expect) COMPREPLY=($(compgen -f -- \"$word\")); "
         "return ;;\n"
         "  esac\n"
         "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
         "    [[ ${COMP_WORDS[i]} == -* ]] && continue\n"
         "    candidate=${words:+$words }${COMP_WORDS[i]}\n"
         "    _sallyport_next \"$candidate\"\n"
         "    [[ -n $next ]] && words=$candidate\n"
         "  done\n"
         "  _sallyport_next \"$words\"\n"
         "  if [[ $word == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$next\" -- \"$word\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -W \"$(printf '%s\\n' $next | grep -v ^-)\" -- \"$word\") $(compgen -f -- "
         "\"$word\"))\n"
         "  fi\n"
         "}\n";
}

std::string bash_script() {
  return "# bash completion for sallyport: source <(sallyport completion bash)\n" + bash_function("_sallyport") +
         "complete -o filenames -F _sallyport sallyport\n";
}

// Found by zsh itself as the function _sallyport, whose first call is this text: it completes then and there.
std::string zsh_script() {
  return "#compdef sallyport\n# zsh completion for sallyport: source <(sallyport completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_function("_sallyport_words") +
         "complete -o filenames -F _sallyport_words sallyport\n"
         "[[ ${funcstack[1]} != _sallyport ]] || _bash_complete -o filenames -F _sallyport_words\n";
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string fish_condition(const std::string& words) {
  if (words.empty()) return "__fish_use_subcommand";
  std::string condition;
  std::size_t start = 0;
  while (start < words.size()) {
    const auto end = std::min(words.find(' ', start), words.size());
    condition += (condition.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") +
                 words.substr(start, end - start);
    start = end + 1;
  }
  return condition;
}

std::string fish_script() {
  std::string out = "# fish completion for sallyport: sallyport completion fish | source\n";
  for (const auto& command : all_commands()) {
    if (command.hidden) continue;
    const auto cut = command.words.rfind(' ');
    const auto before = cut == std::string::npos ? std::string() : command.words.substr(0, cut);
    const auto last = cut == std::string::npos ? command.words : command.words.substr(cut + 1);
    out += fmt::format("complete -c sallyport -n {} -a {} -d {}\n", fish_quoted(fish_condition(before)), last,
                       fish_quoted(command.summary));
    for (const auto& arg : command.args) {
      if (!is_option(arg)) continue;
      out += fmt::format("complete -c sallyport -n {} -l {}{} -d {}\n", fish_quoted(fish_condition(command.words)),
                         arg.name, arg.kind == ArgKind::option ? " -r" : "", fish_quoted(arg.doc));
    }
  }
  for (const auto& [words, next] : followers()) {  // nouns that are no command of their own
    if (!words.empty()) continue;
    for (const auto& noun : next) {
      if (find_command(noun) == nullptr)
        out += fmt::format("complete -c sallyport -n __fish_use_subcommand -a {}\n", noun);
    }
  }
  return out + "complete -c sallyport -s o -l output -x -a 'table wide json'\n";
}

}  // namespace

base::Result<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return base::fail(base::Errc::invalid, "the shell must be bash, zsh or fish");
}

}  // namespace sallyport::app
