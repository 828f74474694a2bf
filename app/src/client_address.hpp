#pragma once
// Where the server is, and by what it is known: from the configuration, or from the ready file of a server on this
// machine.
#include <filesystem>
#include <optional>
#include <string>

#include "cli_command.hpp"

namespace sallyport::app {

struct ServerAddress {
  std::string url;           ///< "https://127.0.0.1:8443", no slash at the end
  std::string at;            ///< "127.0.0.1:8443", where that host's port is to be found; empty: where its name says
  std::filesystem::path ca;  ///< PEM of the CA that signed its certificate; empty: the system's
  std::string ca_pem;        ///< the same as text, instead of a file
  std::string ssh_host;      ///< of the broker; empty when it is not known
  std::uint16_t ssh_port = 22;
  std::string host_key;                ///< "ssh-ed25519 AAAA..."; empty when it is not known
  std::filesystem::path vault_socket;  ///< only of a server on this machine
};

/// --data (or SALLYPORT_DATA, or `data`) wins over server, ca and ssh; where none of them is set, a server that runs on
/// this machine is found by its own configuration. Errc::closed when a data directory has no ready file (no server runs
/// there); Errc::invalid when nothing says where the server is.
base::Result<ServerAddress> find_server(const Invocation& line);
/// The data directory: flag, environment, configuration file; nothing when none is named.
base::Result<std::optional<std::filesystem::path>> find_data(const Invocation& line);

/// Advice for a machine that knows of no server.
inline constexpr std::string_view kBeginHere =
    "on a client: sallyport setup https://HOST:8443 --fingerprint ...; on a new server: sallyport init";

inline constexpr const char* kServerFile = "/etc/sallyport/server.toml";
/// The data directory of this machine's server: as find_data(), else what kServerFile says if it can be read, else the
/// usual one.
base::Result<std::filesystem::path> local_data(const Invocation& line);

}  // namespace sallyport::app
