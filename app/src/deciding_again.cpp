#include "deciding_again.hpp"

#include <algorithm>
#include <array>

#include "sallyport/vault/target.hpp"
#include "session_question.hpp"

namespace sallyport::app {

using base::Result;

namespace {

constexpr std::array<std::string_view, 5> kNouns = {"user.", "role.", "target.", "account.", "otp."};

/// The code was given when the session began: its age is no reason to end it. That a generator is there is asked.
access::Factors factors_of(const Context& context, const Connection& connection) {
  access::Factors factors = connection.flow.factors();
  factors.otp = context.now;
  return factors;
}

/// Pinned when the session began, and not any more: it may be the one that the target proved itself with.
bool lost_a_key(const vault::Target& target, const Basis& basis) {
  const auto is_pinned = [&target](const std::string& fingerprint) {
    return std::ranges::any_of(target.host_keys, [&](const auto& key) { return key.fingerprint() == fingerprint; });
  };
  return !std::ranges::all_of(basis.host_keys, is_pinned);
}

Result<std::string> why_end(Context& context, const Connection& connection, const SessionQuestion& question) {
  const auto& live = *connection.live;
  const auto decision = access::decide(question.input(context, factors_of(context, connection)));
  context.rule = decision.why();
  if (!decision.allowed) return std::string("your access to this account has ended");
  context.rule = "deny.basis_changed";
  SALLYPORT_TRY(const bool proven, proof_stands(context, connection.flow));
  if (!proven) return std::string(kProofGone);
  SALLYPORT_TRY(const auto target, vault::get_target(context.sql(), question.account->target));
  if (lost_a_key(target, live.basis)) return std::string("a host key of the target is no longer trusted");
  if (target.host != live.basis.host || target.port != live.basis.port)
    return std::string("the target's address was changed");
  if (question.account->login != live.basis.login) return std::string("the account's name on the target was changed");
  context.rule = decision.why();
  return std::string();
}

Result<std::optional<Verdict>> decide_one(Context& context, const Connection& connection) {
  const auto& live = *connection.live;
  context.source = connection.source;
  SALLYPORT_TRY(const auto question, SessionQuestion::of_live(context, live));
  SALLYPORT_TRY(auto end, why_end(context, connection, question));
  const std::string whose = live.user_name + " on " + live.account_name + ": ";
  if (!end.empty()) {
    context.event("session.revoke", "session:" + live.id.text(), audit::Outcome::ok, whose + end);
    return std::optional(Verdict{live.id, std::move(end), {}});
  }
  const auto open = question.open_channels(context, factors_of(context, connection));
  if (open == live.basis.channels) return std::optional<Verdict>{};
  context.event("session.channels", "session:" + live.id.text(), audit::Outcome::ok,
                whose + "now " + access::format_channels(open));
  return std::optional(Verdict{live.id, {}, open});
}

Outgoing channels_push(std::uint64_t peer, const access::Channels& channels) {
  Record record(find_operation(OperationId::push_channels)->input);
  record.set("channels", access::format_channels(channels));
  return LiveSessions::make_push(peer, OperationId::push_channels, record);
}

}  // namespace

bool may_narrow(const Operation& operation) {
  const auto begins = [&operation](std::string_view noun) { return operation.name.starts_with(noun); };
  return operation.method != "GET" && std::ranges::any_of(kNouns, begins);
}

Result<std::vector<Verdict>> decide_again(Context& context) {
  std::vector<Verdict> out;
  for (const auto& [peer, connection] : context.state.sessions.all()) {
    if (!connection.live || connection.live->closed || connection.live->ending) continue;
    SALLYPORT_TRY(auto verdict, decide_one(context, connection));
    if (verdict) out.push_back(std::move(*verdict));
  }
  return out;
}

void carry_out(ServiceState& state, const std::vector<Verdict>& verdicts, base::MonoTime now,
               std::vector<Outgoing>& out) {
  for (const auto& verdict : verdicts) {
    auto* connection = state.sessions.find_session(verdict.session.text());
    if (connection == nullptr || connection->live->ending) continue;
    if (verdict.end.empty()) {
      connection->live->basis.channels = verdict.channels;
      out.push_back(channels_push(connection->peer, verdict.channels));
    } else {
      connection->live->ending = now;
      out.push_back(LiveSessions::make_end(connection->peer, verdict.end));
    }
  }
}

Result<std::string> why_over(Context& context, const Connection& connection) {
  SALLYPORT_TRY(const auto question, SessionQuestion::of_live(context, *connection.live));
  return why_end(context, connection, question);
}

Result<access::Decision> decide_channel(Context& context, const Connection& connection, access::Channel channel) {
  SALLYPORT_TRY(const auto question, SessionQuestion::of_live(context, *connection.live));
  auto input = question.input(context, factors_of(context, connection));
  input.channel = channel;
  return access::decide(input);
}

}  // namespace sallyport::app
