#include "sallyport/broker/scp_command.hpp"

#include <algorithm>
#include <array>

namespace sallyport::broker {
namespace {

constexpr std::size_t kMaxScpCommand = 4200;

/// No shell acts on it, wherever in a word it stands; but '-' in front, which is scp's own.
bool is_plain(char c) {
  constexpr std::string_view kPlain = "/._-+,:@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kPlain.find(c) != kPlain.npos;
}

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// Fewer than POSIX would allow there: no quote, no backslash, no '!', and nothing that begins a command anywhere.
bool is_quotable(char c) {
  constexpr std::string_view kQuotable = " ()[]{}#%=~";
  return is_plain(c) || is_high(c) || kQuotable.find(c) != kQuotable.npos;
}

/// '=' and '%' name programs and jobs in front of a word (zsh, fish); '~' a home there, and after '=' or ':' (bash).
bool is_bare(std::string_view before, char c) {
  if (is_plain(c) || is_high(c)) return true;
  if (c == '=' || c == '%') return !before.empty();
  return c == '~' && !before.empty() && before.back() != '=' && before.back() != ':';
}

std::optional<std::string> read_quoted(std::string_view text) {
  if (text.size() < 3 || text.back() != '\'') return std::nullopt;
  const auto inside = text.substr(1, text.size() - 2);
  // Whoever reads the event would take it for somebody's home.
  if (inside.front() == '~' || !std::all_of(inside.begin(), inside.end(), is_quotable)) return std::nullopt;
  return std::string(inside);
}

std::optional<std::string> read_bare(std::string_view text) {
  std::string word;
  if (text == "~" || text.starts_with("~/")) {
    word = '.';
    text.remove_prefix(1);
  }
  while (!text.empty()) {
    const bool space = text.starts_with("\\ ");
    if (!space && !is_bare(word, text.front())) return std::nullopt;
    word += space ? ' ' : text.front();
    text.remove_prefix(space ? 2 : 1);
  }
  if (word.empty()) return std::nullopt;
  return word;
}

std::optional<std::string> read_path(std::string_view text) {
  return text.starts_with('\'') ? read_quoted(text) : read_bare(text);
}

std::string_view next_token(std::string_view& text) {
  const auto token = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), token.size() + 1));
  return token;
}

/// Each option once, in OpenSSH's order.
std::string write_command(std::string_view options, const std::string& path) {
  std::string out = "scp";
  for (const char option : std::string_view("vqrpdtf")) {
    if (options.find(option) != options.npos) out.append(" -") += option;
  }
  out += path.starts_with('-') ? " -- " : " ";
  const bool plain = std::all_of(path.begin(), path.end(), is_plain);
  return out + (plain ? path : "'" + path + "'");
}

}  // namespace

std::optional<ScpCall> parse_scp_command(std::string_view command) {
  if (command.size() > kMaxScpCommand || next_token(command) != "scp") return std::nullopt;
  std::string options;
  // A path that begins with '-' needs "--" in front, so that no option hides in it.
  while (command.starts_with('-')) {
    const auto option = next_token(command);
    if (option == "--") break;
    if (option.size() < 2) return std::nullopt;
    options += option.substr(1);
  }
  if (options.find_first_not_of("vqrpdtf") != options.npos) return std::nullopt;
  const auto ways = std::count_if(options.begin(), options.end(), [](char c) { return c == 't' || c == 'f'; });
  const auto path = read_path(command);
  if (ways != 1 || !path) return std::nullopt;
  ScpCall call;
  if (options.find('f') != options.npos) call.direction = recorder::Direction::to_client;
  call.into_directory = options.find('d') != options.npos;
  call.path = *path;
  call.command = write_command(options, *path);
  return call;
}

}  // namespace sallyport::broker
