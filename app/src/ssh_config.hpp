#pragma once
// What stock OpenSSH needs to know of the broker: a known-hosts file, a configuration file, and one Include line.
#include <filesystem>
#include <string>

#include "client_address.hpp"

namespace sallyport::app {

/// ~/.config/sallyport: known_hosts and ssh_config live there.
struct SshFiles {
  std::filesystem::path known_hosts;
  std::filesystem::path config;
  std::filesystem::path control;      ///< of master connections' sockets: a short path, since a socket's is bounded
  std::filesystem::path user_config;  ///< ~/.ssh/config
};
SshFiles ssh_files();

/// The broker's entry: "[host]:port ssh-ed25519 AAAA...".
base::Result<> write_known_hosts(const ServerAddress& address, const std::filesystem::path& file);

/// Text of the configuration file. `program`: this program's own path.
std::string ssh_config_text(const std::string& program, const SshFiles& files);

/// Puts the Include line at the top of ~/.ssh/config, once; the rest of that file stays byte for byte.
base::Result<> add_include(const SshFiles& files);
/// Takes that line and our files away.
base::Result<> remove_ssh_config(const SshFiles& files);

}  // namespace sallyport::app
