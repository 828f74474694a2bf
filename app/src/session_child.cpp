#include "session_child.hpp"

#include <malloc.h>
#include <unistd.h>

#include <csignal>

#include "sallyport/app/sandbox.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "vault_authority.hpp"

namespace sallyport::app {

using base::LogLevel;
using base::ok;
using base::Result;

namespace {

constexpr std::chrono::seconds kLastWords{5};

Result<> give_up(const SessionHandles& handles, const ServerOptions& options, const Identities& identities) {
  SALLYPORT_TRYV(close_all_but({STDERR_FILENO, handles.client.get(), handles.vault.get(), handles.link.get()}));
  SALLYPORT_TRYV(base::LockedMemory::after_fork(lock_policy(options)));
  SALLYPORT_TRYV(drop_privileges(ProcessKind::session, identities));
  for (const int number : {SIGTERM, SIGCHLD, SIGALRM}) (void)::signal(number, SIG_DFL);
  return ok();
}

Result<> sandbox(const ServerOptions& options) {
  auto entered = enter_sandbox(Sandbox::session);
  if (entered || !options.development) return entered;
  base::log(LogLevel::warning, "session.not_sandboxed", {{"what", "DEVELOPMENT: " + entered.error().describe()}});
  return ok();
}

Result<broker::SessionResult> serve(SessionHandles handles, const broker::HostKeys& keys, const ServerOptions& options,
                                    const Identities& identities) {
  SALLYPORT_TRYV(give_up(handles, options, identities));
  // The thread that writes the recording allocates next to nothing: a heap of its own would be pages for nothing.
  (void)::mallopt(M_ARENA_MAX, 1);
  SALLYPORT_TRY(auto connection, VaultConnection::adopt(std::move(handles.vault)));
  VaultAuthority authority(std::move(connection), std::move(handles.link), options.vault_loss_bound);
  const base::SystemClock clock;
  broker::SessionBounds bounds;
  bounds.grace = options.login_grace;
  SALLYPORT_TRY(const auto session,
                broker::SshSession::create(std::move(handles.client), keys, authority, clock, bounds));
  // The thread that writes the recording is there; no other shall be.
  SALLYPORT_TRYV(forbid_processes());
  SALLYPORT_TRYV(sandbox(options));
  auto result = session->run();
  if (const auto settled = authority.settle(kLastWords); !settled)
    base::log(LogLevel::warning, "session.last_words", {{"why", settled.error().describe()}});
  return result;
}

/// What the listener judges the source by.
int exit_status_of(const broker::SessionResult& result) {
  if (result.authenticated) return kSessionServed;
  if (result.failed_proofs > 0) return kSessionAuthFailed;
  return result.undecided ? kSessionUndecided : kSessionNoAuth;
}

}  // namespace

void run_session_child(SessionHandles handles, const broker::HostKeys& keys, const ServerOptions& options,
                       const Identities& identities) {
  base::log_init("session", options.log_level);
  const auto result = serve(std::move(handles), keys, options, identities);
  if (!result) {
    base::log(LogLevel::error, "session.not_started", {{"why", result.error().describe()}});
    ::_exit(kSessionNotStarted);
  }
  base::log(LogLevel::info, "session.ended",
            {{"reason", std::string(to_string(result.value().reason))}, {"what", result.value().sentence}});
  ::_exit(exit_status_of(result.value()));
}

}  // namespace sallyport::app
