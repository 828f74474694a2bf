#include "cli_public_key.hpp"

#include <algorithm>
#include <string_view>

#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxKeyFile = 16U << 10U;

// The one key of a file: ssh-keyscan puts remarks before it, and several keys below each other.
base::Result<std::string> only_key(std::string_view text) {
  std::string found;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line == "\r" || line.front() == '#') continue;
    if (!found.empty() && !found.starts_with("-----BEGIN"))
      return base::fail(base::Errc::invalid, "holds several keys; give the line of one (ssh-keyscan -t ed25519 HOST)");
    if (found.empty()) found = line;
  }
  return found;
}

}  // namespace

base::Result<std::string> read_public_key(const std::string& text, bool of_host) {
  const bool given = text.find(' ') != std::string::npos;
  auto line = base::Result<std::string>(text);
  if (!given) {
    SALLYPORT_TRY(const auto bytes, base::read_file(text == "-" ? "/dev/stdin" : text, kMaxKeyFile));
    line = only_key(base::as_text(bytes));
  }
  if (!line) return line.error().within(base::escape_text(text));
  const auto key =
      of_host ? certs::SshPublicKey::parse_host_line(line.value()) : certs::SshPublicKey::parse_line(line.value());
  if (!key) return given ? key.error() : key.error().within(base::escape_text(text));
  return key.value().comment().empty() ? key.value().line() : key.value().line() + " " + key.value().comment();
}

}  // namespace sallyport::app
