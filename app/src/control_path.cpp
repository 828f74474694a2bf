#include "control_path.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "environment.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::string_view kTakeValue = "BbcDEeFIiJLlmOoPpQRSWw";
constexpr std::size_t kMaxCommandLine = 256U << 10U;

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// "ControlPath=x", "controlpath x".
std::optional<std::string> setting(std::string_view option) {
  constexpr std::string_view kKey = "controlpath";
  if (option.size() <= kKey.size()) return std::nullopt;
  const bool named = std::equal(kKey.begin(), kKey.end(), option.begin(), [](char key, char c) {
    return key == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  });
  const auto value = option.find_first_not_of(" \t=", kKey.size());
  if (!named || value == std::string_view::npos || value == kKey.size()) return std::nullopt;
  return std::string(unquoted(option.substr(value)));
}

struct Found {
  std::optional<std::string> flag;    ///< of -S: the last one counts
  std::optional<std::string> option;  ///< of -o: the first one counts
};

void take(char option, std::string_view value, Found& found) {
  if (option == 'S') found.flag = std::string(value);
  if (option == 'o' && !found.option) found.option = setting(value);
}

// "-tto" and its value: flags may stand before an option that takes one. How many words were used.
std::size_t take_word(const std::vector<std::string>& argv, std::size_t at, Found& found) {
  const std::string_view word = argv[at];
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (kTakeValue.find(word[i]) == std::string_view::npos) continue;
    if (i + 1 < word.size()) {
      take(word[i], word.substr(i + 1), found);
      return 1;
    }
    if (at + 1 < argv.size()) take(word[i], argv[at + 1], found);
    return 2;
  }
  return 1;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::optional<std::string> token(char letter, const ControlTokens& tokens) {
  switch (letter) {
    case '%':
      return "%";
    case 'C':
      return tokens.hash;
    case 'h':
      return tokens.host;
    case 'n':
    case 'k':
      return tokens.typed_host;
    case 'p':
      return tokens.port;
    case 'r':
      return tokens.user;
    case 'd':
      return home_directory().string();
    case 'i':
      return std::to_string(::geteuid());
    case 'u':
      return login_name();
    case 'l':
      return host_name();
    case 'L':
      return host_name().substr(0, host_name().find('.'));
    default:
      return std::nullopt;
  }
}

std::vector<std::string> words_of(std::string_view nul_separated) {
  std::vector<std::string> words;
  while (!nul_separated.empty()) {
    words.emplace_back(nul_separated.substr(0, nul_separated.find('\0')));
    nul_separated.remove_prefix(std::min(words.back().size() + 1, nul_separated.size()));
  }
  return words;
}

// The parent's number: the second word after the name in parentheses, which may itself hold anything (proc(5)).
pid_t parent_of(pid_t pid) {
  const auto stat = base::read_file(fmt::format("/proc/{}/stat", pid), 4096);
  if (!stat) return 0;
  const auto text = std::string(base::as_text(stat.value()));
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos || text.size() < name_end + 4) return 0;
  return static_cast<pid_t>(std::strtol(text.c_str() + name_end + 4, nullptr, 10));
}

}  // namespace

std::optional<std::string> control_path_of(const std::vector<std::string>& argv) {
  Found found;
  bool destination = false;
  for (std::size_t at = 1; at < argv.size();) {
    if (argv[at].size() > 1 && argv[at].front() == '-' && argv[at] != "--") {
      at += take_word(argv, at, found);
      continue;
    }
    if (argv[at] == "--" || destination) break;  // what follows is the command
    destination = true;                          // options may stand behind it, too
    ++at;
  }
  return found.flag ? found.flag : found.option;
}

base::Result<std::filesystem::path> expand_control_path(std::string_view text, const ControlTokens& tokens) {
  const auto refused = [&](std::string_view why) {
    return base::fail(base::Errc::unsupported, fmt::format("ControlPath {}: {}", base::escape_text(text), why));
  };
  if (text.empty() || text == "none") return refused("a target of Sallyport is reached by a shared connection only");
  if (text.find("${") != std::string_view::npos) return refused("environment variables are not taken here");
  std::string out;
  if (text == "~" || text.starts_with("~/")) {
    out = home_directory().string();
    text.remove_prefix(1);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto value = i + 1 < text.size() ? token(text[i + 1], tokens) : std::nullopt;
    if (!value) return refused("holds a token that is not known here");
    out += *value;
    ++i;
  }
  if (out.find('"') != std::string::npos) return refused("a quote in it can't be written for ssh");
  return std::filesystem::path(out);
}

std::vector<std::string> calling_ssh() {
  constexpr int kMostShells = 3;
  pid_t pid = ::getppid();
  for (int up = 0; up < kMostShells && pid > 1; ++up, pid = parent_of(pid)) {
    const auto name = base::read_file(fmt::format("/proc/{}/comm", pid), 64);
    if (!name || base::as_text(name.value()) != "ssh\n") continue;
    const auto line = base::read_file(fmt::format("/proc/{}/cmdline", pid), kMaxCommandLine);
    return line ? words_of(base::as_text(line.value())) : std::vector<std::string>();
  }
  return {};
}

}  // namespace sallyport::app
