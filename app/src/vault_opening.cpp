// Unsealing: opening the store, and putting right what a crash left.
#include <array>

#include "batch.hpp"
#include "sallyport/access/schema.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/vault/domain_schema.hpp"
#include "sallyport/vault/session.hpp"

namespace sallyport::app {

using base::Result;

namespace {

/// Sessions that were open when the vault went: their file is cut, or was never written.
Result<> close_cut_sessions(Context& context) {
  SALLYPORT_TRY(const auto open, vault::open_sessions(context.sql()));
  for (const auto& session : open) {
    std::error_code unseen;
    const bool there = std::filesystem::exists(context.state.config.data / "recordings" / session.file, unseen);
    // Under a user of its own the vault can't look: then the file is cut, as is told of the sessions that lived.
    const auto state = there || unseen ? vault::RecordingState::truncated : vault::RecordingState::missing;
    SALLYPORT_TRY(const auto closed,
                  vault::close_session(context.sql(), session.id, "the vault was stopped", state, {}, context.now));
    context.event("session.end", "session:" + session.id.text(), audit::Outcome::failed,
                  session.user_name + " on " + session.account_name + ": the vault was stopped; the recording is " +
                      std::string(vault::to_string(closed.recording)));
  }
  return base::ok();
}

Result<> first_events(Context& context, std::string_view how) {
  std::string detail(how);
  if (const auto failed = std::exchange(context.state.failed_unseals, 0U); failed > 0) {
    detail += "; " + std::to_string(failed) + " wrong passphrases before";
  }
  context.event("vault.unseal", "vault", audit::Outcome::ok, detail);
  if (const auto& warning = context.state.vault->rollback_warning()) {
    base::log(base::LogLevel::error, "vault.rollback_suspected", {{"warning", *warning}});
    context.event("vault.rollback_suspected", "vault", audit::Outcome::failed, *warning);
    SALLYPORT_TRYV(context.state.vault->keep_rollback_warning(context.tx));
  }
  SALLYPORT_TRYV(close_cut_sessions(context));
  SALLYPORT_TRY(const auto ended, vault::expire_due(context.sql(), context.now));
  for (const auto& one : ended) {
    SALLYPORT_TRYV(checkout_ended(context, one, "checkout.expire", "your checkout has run out"));
  }
  return base::ok();
}

Result<> begin_service(ServiceState& state, std::string_view actor, std::string_view how) {
  SALLYPORT_TRY(auto tx, state.vault->begin());
  const auto now = state.now();
  const Request none;
  Context context(state, tx, none, *find_operation(OperationId::unseal), now);
  context.actor = actor;
  context.source = "local";
  SALLYPORT_TRYV(first_events(context, how));
  return tx.commit();
}

}  // namespace

Result<> open_vault(ServiceState& state, const base::SecretBytes& root, std::string_view actor, std::string_view how) {
  const auto series = std::to_array<vault::MigrationSeries>({vault::domain_schema(), access::schema()});
  SALLYPORT_TRY(auto vault, vault::Vault::open(state.config.data, root, series, *state.clock));
  state.vault = std::move(vault);
  auto begun = base::within_memory([&] { return begin_service(state, actor, how); });
  state.writable = begun.has_value();
  if (!begun) state.vault.reset();  // an unsealing that can't be written into the log does not happen
  return begun;
}

void end_overdue_connections(ServiceState& state, std::vector<Outgoing>& out) {
  constexpr base::Seconds kTimeToEnd{5};
  const auto now = state.clock->mono();
  for (auto& [peer, connection] : state.sessions.all()) {
    const bool slow_login = !connection.live && now - connection.since > state.config.login_grace;
    if (slow_login && !connection.told_to_end) {
      connection.told_to_end = true;
      out.push_back(LiveSessions::make_end(peer, "signing in took too long"));
      out.back().then = Outgoing::Then::close;
    }
    const bool lingers = connection.live && connection.live->ending && now - *connection.live->ending > kTimeToEnd;
    if (lingers && !connection.told_to_end) {
      connection.told_to_end = true;
      out.push_back(LiveSessions::make_end(peer, "the session is over"));
      out.back().then = Outgoing::Then::close;
    }
  }
}

void end_processes(ServiceState& state, std::vector<Outgoing>& out) {
  constexpr base::Seconds kTimeToGo{10};
  const auto now = state.clock->mono();
  std::erase_if(state.gone, [&](const auto& one) {
    if (now - one.second <= kTimeToGo) return false;
    if (!state.listener) return true;  // it went, and is told of nothing
    Record record(find_operation(OperationId::push_over)->input);
    record.set("connection", one.first);
    out.push_back(LiveSessions::make_push(*state.listener, OperationId::push_over, record));
    return true;
  });
}

}  // namespace sallyport::app
