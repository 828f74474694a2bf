#pragma once
// `sallyport server`: what the command line hands over, and the process tree that comes of it (docs/processes.md).
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "sallyport/app/privileges.hpp"
#include "sallyport/base/log.hpp"

namespace sallyport::app {

/// From the configuration file and flags; already checked (`sallyport config check`).
struct ServerOptions {
  std::filesystem::path data;
  bool development = false;  ///< --dev: unlocked memory and missing users are said loudly and passed over
  std::optional<std::filesystem::path> ready_file;  ///< besides DATA/run/ready.json
  std::string ssh_listen = "0.0.0.0:2222";          ///< numeric address and port; "[::]:2222"; port 0: a free one
  std::string web_listen = "0.0.0.0:8443";
  ProcessUsers users;
  base::LogLevel log_level = base::LogLevel::info;

  std::chrono::seconds token_lifetime{28800};         ///< sign-in tokens
  std::chrono::seconds token_idle{7200};              ///< unused for so long, they end; 0: they do not
  std::chrono::seconds fresh_otp{300};                ///< how long a code given at a checkout still counts at a login
  std::chrono::milliseconds vault_loss_bound{10000};  ///< a session whose vault is gone ends within this
  std::chrono::milliseconds dial_timeout{10000};      ///< name resolution and connecting to a target, together
  std::chrono::seconds login_grace{120};
  unsigned max_sessions = 200;
  unsigned max_api = 512;                      ///< connections of the API
  unsigned max_sessions_per_user = 0;          ///< 0: a quarter of max_sessions
  std::uint64_t recording_floor = 64U << 20U;  ///< bytes free for recordings, below which no session starts
};

/// Paths inside a data directory, in one place.
struct DataPaths {
  explicit DataPaths(std::filesystem::path data);
  std::filesystem::path root, header, store, recordings, run, vault_socket, ready, tls, ssh;
};

/// Runs until SIGTERM or SIGINT; the exit status of the program. Forks, so the caller has started no thread.
int run_server(const ServerOptions& options);

}  // namespace sallyport::app
