#include "cli_help.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli_command.hpp"

namespace sallyport::app {
namespace {

constexpr std::string_view kAbout =
    "Sallyport keeps privileged credentials, lends them for a time against a one-time code, and carries people to "
    "their "
    "targets without showing them the credential.";

constexpr std::string_view kVersionDoc = "the version, as `sallyport version` says it; alone";

struct Exit {
  int status;
  std::string_view meaning;
};
constexpr Exit kExits[] = {{0, "done"},
                           {1, "failed"},
                           {2, "the command line, or a value in it, is not valid"},
                           {3, "not found"},
                           {4, "sign in first"},
                           {5, "denied"},
                           {6, "kept for requests that wait for approval; nothing ends so yet"},
                           {7, "the server could not be reached"},
                           {130, "broken off with ctrl-C"}};

struct Variable {
  std::string_view name, meaning;
};
constexpr Variable kVariables[] = {
    {"SALLYPORT_DATA", "data directory of a server on this machine; its ready file says where it is"},
    {"SALLYPORT_SERVER, SALLYPORT_CA, SALLYPORT_SSH, SALLYPORT_HOST_KEY",
     "where a server elsewhere is, and how it is known"},
    {"SALLYPORT_USER", "name to sign in with"},
    {"SALLYPORT_OUTPUT", "table, wide or json"},
    {"NO_COLOR", "no colours"}};

std::string usage_of(const Arg& arg) {
  std::string text = arg.kind == ArgKind::positional || arg.kind == ArgKind::rest ? arg.value
                     : arg.kind == ArgKind::flag                                  ? "--" + arg.name
                                                 : (arg.name.size() == 1 ? "-" : "--") + arg.name + " " + arg.value;
  return arg.required ? text : "[" + text + "]";
}

std::string usage_of(const Command& command) {
  std::string text = "sallyport " + command.words;
  for (const auto kind : {ArgKind::positional, ArgKind::rest, ArgKind::option, ArgKind::flag}) {
    for (const auto& arg : command.args) {
      if (arg.kind == kind) text += " " + usage_of(arg);
    }
  }
  return text;
}

std::string label_of(const Arg& arg) {
  if (arg.kind == ArgKind::positional || arg.kind == ArgKind::rest) return arg.value;
  const std::string name = (arg.name.size() == 1 ? "-" : "--") + arg.name;
  return arg.kind == ArgKind::flag ? name : name + " " + arg.value;
}

std::string doc_of(const Arg& arg) {
  if (arg.choices.empty()) return arg.doc;
  return fmt::format("{} ({})", arg.doc, fmt::join(arg.choices, ", "));
}

std::string common_label(const Arg& arg) { return (arg.name == "output" ? "-o, " : "") + label_of(arg); }

std::string common_options() {
  std::string out = "\nOptions of every command:\n";
  for (const auto& arg : global_args()) out += fmt::format("  {:<26} {}\n", common_label(arg), doc_of(arg));
  return out + fmt::format("  {:<26} {}\n", "-h, --help", "help, with examples");
}

std::string command_help(const Command& command) {
  std::string out = fmt::format("{}\n\n  {}\n", command.summary, usage_of(command));
  if (!command.detail.empty()) out += "\n" + command.detail + "\n";
  if (!command.args.empty()) out += "\n";
  for (const auto& arg : command.args) out += fmt::format("  {:<26} {}\n", label_of(arg), doc_of(arg));
  if (!command.examples.empty()) out += "\nExamples:\n";
  for (const auto& example : command.examples) out += "  " + example + "\n";
  return out + common_options();
}

// The audiences in the order of their first command.
std::vector<std::string> audiences() {
  std::vector<std::string> names;
  for (const auto& command : all_commands()) {
    if (!command.hidden && std::find(names.begin(), names.end(), command.audience) == names.end()) {
      names.push_back(command.audience);
    }
  }
  return names;
}

std::string list_of(std::string_view noun) {
  std::string out;
  for (const auto& audience : audiences()) {
    std::string part;
    for (const auto& command : all_commands()) {
      const bool shown = noun.empty() || command.words.starts_with(std::string(noun) + " ");
      if (shown && !command.hidden && command.audience == audience) {
        part += fmt::format("  {:<22} {}\n", command.words, command.summary);
      }
    }
    if (!part.empty()) out += fmt::format("\n{}:\n{}", audience, part);
  }
  return out;
}

std::string program_help() {
  std::string out(kAbout);
  out += "\n\n  sallyport COMMAND [...]\n" + list_of("");
  out += common_options();
  out += fmt::format("  {:<26} {}\n", "--version", kVersionDoc);
  out += "\nEach command has --help with examples; `sallyport help COMMAND` shows the same. Exit status:\n";
  for (const auto& exit : kExits) out += fmt::format("  {:<3}  {}\n", exit.status, exit.meaning);
  return out;
}

// man(7): a leading dot or quote is a macro, a backslash an escape, a bare dash may become a hyphen.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string man_command(const Command& command) {
  std::string out =
      fmt::format(".SS {}\n.B {}\n.PP\n{}.\n", roff(command.words), roff(usage_of(command)), roff(command.summary));
  if (!command.detail.empty()) out += ".PP\n" + roff(command.detail) + "\n";
  for (const auto& arg : command.args) out += fmt::format(".TP\n.B {}\n{}\n", roff(label_of(arg)), roff(doc_of(arg)));
  for (const auto& example : command.examples) out += ".PP\n.nf\n    " + roff(example) + "\n.fi\n";
  return out;
}

std::string markdown_command(const Command& command) {
  std::string out = fmt::format("### {}\n\n{}.\n\n```\n{}\n```\n", command.words, command.summary, usage_of(command));
  if (!command.detail.empty()) out += "\n" + command.detail + "\n";
  if (!command.args.empty()) out += "\n";
  for (const auto& arg : command.args) out += fmt::format("- `{}`: {}\n", label_of(arg), doc_of(arg));
  if (!command.examples.empty()) out += "\n```\n";
  for (const auto& example : command.examples) out += example + "\n";
  if (!command.examples.empty()) out += "```\n";
  return out + "\n";
}

}  // namespace

std::string help_text(std::string_view words) {
  if (const auto* command = find_command(words)) return command_help(*command);
  if (words.empty()) return program_help();
  return fmt::format("sallyport {} VERB [...]\n{}", words, list_of(words));
}

std::string man_page() {
  std::string out = ".TH SALLYPORT 1 \"\" \"sallyport " SALLYPORT_VERSION
                    "\" \"User Commands\"\n.SH NAME\n"
                    "sallyport \\- credential vault and session broker\n.SH SYNOPSIS\n.B sallyport\n.I COMMAND\n[...]\n"
                    ".SH DESCRIPTION\n" +
                    roff(kAbout) + "\n";
  for (const auto& audience : audiences()) {
    std::string heading = audience;
    std::transform(heading.begin(), heading.end(), heading.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    out += ".SH COMMANDS: " + heading + "\n";
    for (const auto& command : all_commands()) {
      if (!command.hidden && command.audience == audience) out += man_command(command);
    }
  }
  out += ".SH OPTIONS OF EVERY COMMAND\n";
  for (const auto& arg : global_args())
    out += fmt::format(".TP\n.B {}\n{}\n", roff(common_label(arg)), roff(doc_of(arg)));
  out += fmt::format(".TP\n.B {}\n{}\n", roff("--version"), roff(kVersionDoc));
  out += ".SH EXIT STATUS\n";
  for (const auto& exit : kExits) out += fmt::format(".TP\n.B {}\n{}\n", exit.status, roff(exit.meaning));
  out += ".SH ENVIRONMENT\n";
  for (const auto& variable : kVariables) out += fmt::format(".TP\n.B {}\n{}\n", variable.name, roff(variable.meaning));
  out +=
      ".SH FILES\n.TP\n.B .sallyport.toml\nsettings of a project; used only if it is yours alone\n"
      ".TP\n.B ~/.config/sallyport/config.toml\nsettings of a person\n"
      ".TP\n.B /etc/sallyport/config.toml\nsettings of a machine\n"
      ".TP\n.B /etc/sallyport/server.toml\nsettings of the server\n.SH SEE ALSO\nssh(1), sshd(8)\n";
  return out;
}

std::string markdown_reference() {
  std::string out =
      "# The command line\n\nThis page is written by `sallyport help --markdown`; a test compares the two.\n\n"
      "Settings come from flags, then `SALLYPORT_*` variables, then `./.sallyport.toml` (only when it is yours\n"
      "alone), then `$XDG_CONFIG_HOME/sallyport/config.toml`, then `/etc/sallyport/config.toml`. Secrets are asked\n"
      "for without echo, or read from stdin or a descriptor; none is taken from the command line. Several secrets\n"
      "on stdin are one line each, in the order in which the command's options list them.\n\n"
      "| Exit status | Meaning |\n|---|---|\n";
  for (const auto& exit : kExits) out += fmt::format("| {} | {} |\n", exit.status, exit.meaning);
  out += "\n| Option of every command | Meaning |\n|---|---|\n";
  for (const auto& arg : global_args()) out += fmt::format("| `{}` | {} |\n", common_label(arg), doc_of(arg));
  out += "| `-h, --help` | help, with examples |\n";
  out += fmt::format("| `--version` | {} |\n", kVersionDoc);
  out += "\n| Variable | Meaning |\n|---|---|\n";
  for (const auto& variable : kVariables) out += fmt::format("| `{}` | {} |\n", variable.name, variable.meaning);
  out += "\n| Key of config.toml | Meaning |\n|---|---|\n";
  for (const auto& key : client_config_keys()) out += fmt::format("| `{}` | {} |\n", key.name, key.doc);
  out += "\n| Key of server.toml | Meaning | Default |\n|---|---|---|\n";
  for (const auto& key : server_config_keys())
    out += fmt::format("| `{}` | {} | `{}` |\n", key.name, key.doc, key.fallback);
  for (const auto& audience : audiences()) {
    out += "\n## " + audience + "\n\n";
    for (const auto& command : all_commands()) {
      if (!command.hidden && command.audience == audience) out += markdown_command(command);
    }
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace sallyport::app
