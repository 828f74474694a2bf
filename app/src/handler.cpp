#include "handler.hpp"

#include <algorithm>
#include <array>

#include "sallyport/access/decide.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/header.hpp"
#include "sallyport/vault/totp_store.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

void HashWork::compute() {
  const auto take = [this](Result<base::SecretBytes> result, base::SecretBytes& into) {
    if (result)
      into = std::move(result).value();
    else
      error = std::move(result).error();
  };
  if (attempt)
    take(base::within_memory([&] { return access::compute_password(presented, attempt->work); }), checked_hash);
  if (fresh && !error) take(base::within_memory([&] { return access::compute_password(chosen, *fresh); }), fresh_hash);
  if (unseal && !error)
    take(base::within_memory([&] { return vault::unlock_with_passphrase(*unseal, passphrase); }), root);
}

Connection& Context::connection() {
  auto* found = state.sessions.find(request.peer.id);
  SALLYPORT_ENSURE(found != nullptr);
  return *found;
}

void Context::event(std::string_view action, std::string about, audit::Outcome outcome, std::string text) {
  audit::Event event;
  event.at = now.wall;
  event.actor = actor;
  event.action = action;
  event.object = std::move(about);
  event.source = source;
  event.rule = rule;
  event.request_id = request_id;
  event.outcome = outcome;
  event.detail = std::move(text);
  tx.append(event);
}

bool Context::unproven() const {
  if (request.peer.kind == PeerKind::web) return !caller && !factors.password;  // a sign-in that lacks its code
  if (request.peer.kind != PeerKind::session) return false;
  const auto* connection = state.sessions.find(request.peer.id);
  return connection == nullptr || !connection->flow.user();
}

void Context::refusal_event(std::string_view action, std::string about, std::string text) {
  if (unproven() && !state.strangers.take(action, now.mono)) return;
  event(action, std::move(about), audit::Outcome::denied, std::move(text));
}

void tell_left_out(Context& context, bool at_once) {
  const auto text = context.state.strangers.untold(context.now.mono, at_once);
  if (!text) return;
  context.event("refusals.left_out", "vault", audit::Outcome::denied, *text);
  context.after_commit([&state = context.state](auto&) { state.strangers.told(); });
}

access::DecisionInput Context::question(Right right) const {
  access::DecisionInput input{.person = {base::UserId(caller->user.id), caller->user.disabled, caller->otp_enrolled},
                              .roles = caller->roles,
                              .action = right,
                              .account = nullptr,
                              .channel = {},
                              .factors = factors,
                              .checkout = nullptr,
                              .source = source,
                              .now = now,
                              .policy = state.policy};
  return input;
}

bool Context::allows(Right right) const { return caller && access::decide(question(right)).allowed; }

std::size_t page_size(const Record& input) {
  constexpr std::size_t kDefault = 100;
  return input.has("limit") && input.number("limit") > 0 ? static_cast<std::size_t>(input.number("limit")) : kDefault;
}

namespace {

/// The time of day by this clock: what a person compares with that of his device.
std::string time_of_day(base::WallTime wall) {
  const auto text = base::format_time(wall);
  const auto at = text.find('T');
  return at == std::string::npos ? text : text.substr(at + 1, 8) + " UTC";
}

/// Codes from ahead of the clock do no harm any more; that they were taken is for the auditor to know.
void note_clock(Context& context, const vault::OtpAnswer& answer) {
  if (answer.ahead == base::Milliseconds{0}) return;
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(answer.ahead).count();
  context.event("otp.clock", context.object, audit::Outcome::failed,
                "codes from up to " + std::to_string(minutes) +
                    " minutes ahead of the present clock were accepted before: the clock was wrong then, or is now");
}

}  // namespace

base::Error about_code(const vault::OtpAnswer& answer, const vault::Moment& now) {
  switch (answer.verdict) {
    case vault::OtpVerdict::locked: {
      const auto seconds = std::chrono::ceil<base::Seconds>(answer.locked_for).count();
      return fail(Errc::locked_out, "too many wrong codes; try again in " + std::to_string(seconds) + " s");
    }
    case vault::OtpVerdict::malformed:
      return fail(Errc::invalid, "a one-time code is exactly six digits, without a space; it was not counted");
    case vault::OtpVerdict::repeated:
      return fail(Errc::unauthenticated, "that one-time code was used already; wait for the next one");
    case vault::OtpVerdict::not_enrolled:
      return fail(Errc::unauthenticated, "enrol a one-time code first: sallyport otp enroll");
    default:
      return fail(Errc::unauthenticated,
                  "the one-time code is wrong; if the next one is, too, compare your device's clock "
                  "with the server's: " +
                      time_of_day(now.wall));
  }
}

base::Result<> told_about(const access::Decision& decision, std::string_view account) {
  if (decision.rule == access::Rule::checkout_needed)
    return fail(Errc::conflict,
                "Check the account out first: sallyport checkout " + std::string(account) + " --reason ...");
  return decision.as_result();
}

base::Result<Refusal> prove_code(Context& context, const base::UserId& user, const base::SecretBytes& code,
                                 vault::FirstProof first) {
  SALLYPORT_TRY(auto answer, vault::check_totp(context.tx, context.keys(), context.state.code_sources, user,
                                               context.place, code.expose(), context.now, first));
  if (answer.accepted()) {
    context.factors.otp = context.now;
    note_clock(context, answer);
    return Refusal{};
  }
  context.rule = "deny.otp_" + std::string(vault::to_string(answer.verdict));
  return Refusal{about_code(answer, context.now), answer.judged()};
}

base::Result<> remember_place(Context& context, const base::UserId& user) {
  return vault::remember_source(context.sql(), user, context.place, context.now);
}

void wake_rotators(ServiceState& state, std::vector<Outgoing>& out) {
  for (const auto peer : state.rotators) out.push_back(LiveSessions::make_push(peer, OperationId::push_rotation_work));
  state.rotators.clear();
}

base::Result<> checkout_ended(Context& context, const vault::EndedCheckout& ended, std::string_view action,
                              std::string_view told) {
  SALLYPORT_TRY(auto account, vault::get_account(context.sql(), ended.checkout.account));
  context.event(action, "checkout:" + ended.checkout.id.text(), audit::Outcome::ok,
                account.name.text() + (ended.rotation_due ? "; rotation queued" : ""));
  context.after_commit([&state = context.state, id = ended.checkout.id, due = ended.rotation_due,
                        now = context.now.mono, text = std::string(told)](std::vector<Outgoing>& out) {
    state.sessions.end_where([&](const LiveSession& live) { return live.checkout == id; }, text, now, out);
    if (due) wake_rotators(state, out);
  });
  return base::ok();
}

const HandlerRow* find_handler(OperationId id) {
  static const auto all = std::to_array<std::span<const HandlerRow>>(
      {auth_handlers(), user_handlers(), role_handlers(), target_handlers(), account_handlers(), checkout_handlers(),
       rotation_handlers(), session_handlers(), audit_handlers(), ssh_handlers(), live_session_handlers(),
       system_handlers()});
  static const auto index = [] {
    std::array<const HandlerRow*, 256> rows{};
    for (const auto& group : all) {
      for (const auto& row : group) rows[static_cast<std::size_t>(row.id)] = &row;
    }
    return rows;
  }();
  const auto number = static_cast<std::size_t>(id);
  return number < index.size() ? index[number] : nullptr;
}

}  // namespace sallyport::app
