// The rotator process: takes one due rotation after another. It may be killed at any time: the journal is in the vault.
#include <poll.h>

#include "process_context.hpp"
#include "sallyport/app/vault_client.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/rotation/runner.hpp"
#include "sallyport/rotation/ssh_connector.hpp"
#include "vault_port.hpp"

namespace sallyport::app {

using base::Errc;
using base::LogLevel;
using base::Result;

namespace {

constexpr std::chrono::milliseconds kIdle{500};
constexpr std::chrono::milliseconds kReconnect{250};
constexpr std::chrono::milliseconds kSealedPause{1000};

/// The connection is of no more use; other failures (sealed, disk full) pass.
bool is_final(Errc code) noexcept {
  return code == Errc::closed || code == Errc::timed_out || code == Errc::invalid || code == Errc::io;
}

void pause(int control, std::chrono::milliseconds time) { (void)base::wait_for(control, POLLIN, time); }

Result<> run_one(VaultPort& port, rotation::Connector& connector) {
  SALLYPORT_TRY(const auto job, port.next(kIdle));
  if (!job) return base::ok();
  base::log(LogLevel::info, "rotation.started", {{"id", job->id.text()}, {"account", job->account}});
  SALLYPORT_TRY(const auto end, rotation::run_job(*job, connector, port));
  base::log(LogLevel::info, "rotation.ended",
            {{"id", job->id.text()}, {"account", job->account}, {"how", std::string(to_string(end))}});
  return base::ok();
}

/// Until the connection is lost or the supervisor says stop.
void work(VaultClient& client, int control, bool& stop) {
  VaultPort port(client);
  rotation::SshConnector connector;
  for (;;) {
    stop = stop_wanted(control);
    if (stop) return;
    const auto done = run_one(port, connector);
    if (done) continue;
    const bool sealed = done.error().code() == Errc::sealed;
    if (!sealed) base::log(LogLevel::warning, "rotation.failed", {{"why", done.error().describe()}});
    if (is_final(done.error().code())) return;
    pause(control, kSealedPause);
  }
}

Result<> serve(const ProcessContext& context) {
  SALLYPORT_TRYV(drop_privileges(ProcessKind::rotator, context.identities));
  const int control = context.control.get();
  SALLYPORT_TRYV(send_control(control, {.type = ControlType::ready}));
  const DataPaths paths(context.options.data);
  for (bool stop = false; !stop && !stop_wanted(control);) {
    auto client = VaultClient::connect(paths.vault_socket);
    if (client) work(client.value(), control, stop);
    if (!stop) pause(control, kReconnect);
  }
  return base::ok();
}

}  // namespace

int run_rotator_process(ProcessContext context) {
  const auto served = serve(context);
  return served ? 0 : start_failed(served.error());
}

}  // namespace sallyport::app
