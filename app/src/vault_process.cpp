// The vault process: locked memory, its socket, privileges and system calls given up, then the Service behind the loop.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "process_context.hpp"
#include "sallyport/app/sandbox.hpp"
#include "sallyport/app/service.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "socket_access.hpp"
#include "vault_loop.hpp"

namespace sallyport::app {

using base::LogLevel;
using base::ok;
using base::Result;

namespace {

class ServiceHandler final : public BatchHandler {
 public:
  explicit ServiceHandler(Service& service) : service_(service) {}
  void run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out) override {
    service_.run_batch(std::move(requests), out);
  }
  void run_deferred(std::vector<Outgoing>& out) override { service_.run_deferred(out); }
  int wakeup_fd() const override { return service_.wakeup_fd(); }
  void tick(std::vector<Outgoing>& out) override { service_.tick(out); }
  void peer_gone(std::uint64_t peer_id, std::vector<Outgoing>& out) override { service_.peer_gone(peer_id, out); }
  void protocol_violation(const Peer& peer, std::uint16_t asked) override { service_.protocol_violation(peer, asked); }

 private:
  Service& service_;
};

Result<> give_up(const ProcessContext& context) {
  if (!base::LockedMemory::locked())
    base::log(LogLevel::warning, "vault.memory_not_locked",
              {{"what", "DEVELOPMENT: secrets may reach the swap space"}});
  SALLYPORT_TRYV(drop_privileges(ProcessKind::vault, context.identities));
  auto sandboxed = enter_sandbox(Sandbox::vault);
  if (sandboxed || !context.options.development) return sandboxed;
  base::log(LogLevel::warning, "vault.not_sandboxed", {{"what", "DEVELOPMENT: " + sandboxed.error().describe()}});
  return ok();
}

/// With users of their own the other processes must reach the socket. Who may say what is decided by SO_PEERCRED.
Result<> let_others_in(const std::filesystem::path& socket, const Identities& who) {
  if (!who.vault) return ok();
  auto admitted = admit_users(socket, {who.ssh->uid, who.web->uid, who.rotator->uid});
  if (admitted || admitted.error().code() != base::Errc::unsupported) return admitted;
  base::log(LogLevel::warning, "vault.socket_open_to_all", {{"why", admitted.error().describe()}});
  if (::chmod(socket.c_str(), 0666) != 0) return base::fail_errno("can't set the mode of " + socket.native(), errno);
  return ok();
}

ServiceConfig service_config(const ServerOptions& options) {
  ServiceConfig config;
  config.data = options.data;
  config.dev = options.development;
  config.token_life = options.token_lifetime;
  config.token_idle = options.token_idle;
  config.login_grace = options.login_grace;
  config.otp_window = options.fresh_otp;
  const unsigned quarter = (options.max_sessions + 3) / 4;
  config.max_sessions_per_user = options.max_sessions_per_user != 0 ? options.max_sessions_per_user : quarter;
  config.recording_floor = options.recording_floor;
  return config;
}

Result<> serve(ProcessContext& context) {
  SALLYPORT_TRYV(give_up(context));
  SALLYPORT_TRY(const auto service, Service::create(service_config(context.options)));
  const auto socket = DataPaths(context.options.data).vault_socket;
  SALLYPORT_TRY(auto listener, listen_unix(socket, 0600));
  SALLYPORT_TRYV(let_others_in(socket, context.identities));
  SALLYPORT_TRYV(send_control(context.control.get(), {.type = ControlType::ready}));
  ServiceHandler handler(*service);
  VaultLoop loop(std::move(listener), std::move(context.control), handler, ::geteuid());
  return loop.run();
}

}  // namespace

int run_vault_process(ProcessContext context) {
  const auto served = serve(context);
  return served ? 0 : start_failed(served.error());
}

}  // namespace sallyport::app
