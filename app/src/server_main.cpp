#include "sallyport/app/server_main.hpp"

#include "process_context.hpp"
#include "reach.hpp"
#include "resource_limits.hpp"
#include "sallyport/base/log.hpp"
#include "supervisor.hpp"

namespace sallyport::app {

using base::LogLevel;
using base::Result;

namespace {

Result<ServerOptions> fitted(ServerOptions options) {
  SALLYPORT_TRY(const auto given, given_limits());
  SALLYPORT_TRY(const auto limits, fit_limits(options.max_sessions, options.max_api, given));
  for (const auto& warning : limits.warnings) base::log(LogLevel::warning, "server.limits", {{"what", warning}});
  options.max_sessions = limits.max_sessions;
  options.max_api = limits.max_api;
  return options;
}

/// A relative path would mean something else after a chdir, and is of no use in the ready file.
std::filesystem::path make_absolute(const std::filesystem::path& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error);
  return error ? path : full;
}

Result<int> serve(const ServerOptions& wanted) {
  SALLYPORT_TRY(const auto options, fitted(wanted));
  SALLYPORT_TRY(const auto identities, resolve_identities(options.users, options.development));
  for (const auto& note : identities.notes) base::log(LogLevel::warning, "server.not_dropped", {{"what", note}});
  SALLYPORT_TRYV(prepare_data_directory(options.data, identities));
  SALLYPORT_TRYV(check_reach(options.data, identities));
  Supervisor supervisor(options, identities,
                        {{ProcessKind::vault, run_vault_process, {}},
                         {ProcessKind::ssh, run_ssh_process, options.ssh_listen},
                         {ProcessKind::web, run_web_process, options.web_listen},
                         {ProcessKind::rotator, run_rotator_process, {}}});
  return supervisor.run();
}

}  // namespace

int run_server(const ServerOptions& given) {
  base::log_init("supervisor", given.log_level);
  ServerOptions options = given;
  options.data = make_absolute(given.data);
  if (given.ready_file) options.ready_file = make_absolute(*given.ready_file);
  const auto status = serve(options);
  return status ? status.value() : start_failed(status.error());
}

}  // namespace sallyport::app
