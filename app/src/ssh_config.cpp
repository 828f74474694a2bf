#include "ssh_config.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include "client_token.hpp"
#include "environment.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxUserConfig = 1U << 20U;

// OpenSSH reads a quoted word as one argument; a quote in a path can't be written.
std::string include_line(const SshFiles& files) { return "Include \"" + files.config.string() + "\""; }

base::Result<std::string> read_user_config(const fs::path& file) {
  const auto bytes = base::read_file(file, kMaxUserConfig);
  if (bytes) return std::string(base::as_text(bytes.value()));
  if (bytes.error().code() == base::Errc::not_found) return std::string();
  return bytes.error();
}

std::string without_line(const std::string& text, const std::string& line) {
  std::string out;
  std::size_t start = 0;
  while (start < text.size()) {
    const auto end = std::min(text.find('\n', start), text.size());
    if (text.compare(start, end - start, line) != 0) out.append(text, start, std::min(end + 1, text.size()) - start);
    start = end + 1;
  }
  return out;
}

// A link to a file elsewhere (dotfiles) stays a link.
base::Result<> rewrite(const fs::path& file, const std::string& text) {
  std::error_code ignored;
  const auto real = fs::is_symlink(file, ignored) ? fs::weakly_canonical(file, ignored) : file;
  struct stat info {};
  const unsigned mode = ::stat(real.c_str(), &info) == 0 ? info.st_mode & 0777U : 0600U;
  return base::write_file_atomic(real, base::as_bytes(text), mode);
}

}  // namespace

SshFiles ssh_files() {
  const auto own = user_config_directory();
  return {own / "known_hosts", own / "ssh_config", token_directory(), home_directory() / ".ssh" / "config"};
}

base::Result<> write_known_hosts(const ServerAddress& address, const fs::path& file) {
  if (address.ssh_host.empty())
    return base::fail(base::Errc::invalid, "nothing says where the broker's SSH is: set ssh in config.toml");
  if (address.host_key.empty())
    return base::fail(base::Errc::invalid, "nothing says what the broker's host key is: set host_key in config.toml");
  SALLYPORT_TRYV(base::make_own_directory(file.parent_path()));
  const auto host =
      address.ssh_port == 22 ? address.ssh_host : fmt::format("[{}]:{}", address.ssh_host, address.ssh_port);
  std::string text;
  std::string_view keys = address.host_key;
  while (!keys.empty()) {  // one key a line
    const auto end = std::min(keys.find('\n'), keys.size());
    if (end > 0) text += fmt::format("{} {}\n", host, keys.substr(0, end));
    keys.remove_prefix(std::min(end + 1, keys.size()));
  }
  return base::write_file_atomic(file, base::as_bytes(text), 0600);
}

// The login name on the command line ("root") wins over any User of a configuration file, and no protocol field says
// which target was meant. So the way is opened first, by a master connection with the full login name, and the client
// that was typed uses that: plain ssh, scp, sftp, rsync, git and ansible all do. Where that client's own command line
// names a ControlPath, the connection listens there (control_path.hpp).
std::string ssh_config_text(const std::string& program, const SshFiles& files) {
  return fmt::format(
      "# Written by `sallyport ssh-config`; changes are lost when it runs again.\n"
      "# ssh root@web1.sallyport: the account root on the target web1, through the broker.\n"
      "Match originalhost *.sallyport exec \"'{}' ssh-master '%r' '%n' '%C' '%h' '%p'\"\n"
      "  ControlMaster no\n"
      "  ControlPath \"{}/%C\"\n"
      "  ForwardAgent no\n"
      "Match originalhost *.sallyport\n"
      "  ProxyCommand false\n",
      program, files.control.string());
}

base::Result<> add_include(const SshFiles& files) {
  SALLYPORT_TRY(const auto text, read_user_config(files.user_config));
  const auto line = include_line(files);
  const auto wanted = line + "\n" + without_line(text, line);
  if (wanted == text) return base::ok();
  SALLYPORT_TRYV(base::make_own_directory(files.user_config.parent_path()));
  return rewrite(files.user_config, wanted);
}

base::Result<> remove_ssh_config(const SshFiles& files) {
  SALLYPORT_TRY(const auto text, read_user_config(files.user_config));
  const auto rest = without_line(text, include_line(files));
  if (rest != text) {
    SALLYPORT_TRYV(rewrite(files.user_config, rest));
  }
  std::error_code ignored;
  fs::remove(files.config, ignored);
  fs::remove(files.known_hosts, ignored);
  return base::ok();
}

}  // namespace sallyport::app
