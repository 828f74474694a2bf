#pragma once
// What a forked process is given by the supervisor, and the four that there are.
#include <string>

#include "control.hpp"
#include "sallyport/app/privileges.hpp"
#include "sallyport/app/server_main.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

struct ProcessContext {
  const ServerOptions& options;
  const Identities& identities;
  base::UniqueFd control;  ///< non-blocking end of the supervisor's pair
  std::string listen;      ///< ssh, web: the address to bind; after a restart the one that it had before
};

/// Each is called with its locked memory taken, and runs until the supervisor says stop or has gone; the exit status of
/// the process. Nothing is thrown.
int run_vault_process(ProcessContext context);
int run_ssh_process(ProcessContext context);
int run_web_process(ProcessContext context);
int run_rotator_process(ProcessContext context);

/// For start-up steps whose failure ends the process: logs and gives 1.
int start_failed(const base::Error& error);
/// How the slab may be taken: locked, or in development as it comes.
base::LockPolicy lock_policy(const ServerOptions& options) noexcept;
/// Has the supervisor said stop, or gone? Never waits.
bool stop_wanted(int control);

}  // namespace sallyport::app
