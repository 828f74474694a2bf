#include "authorise.hpp"

#include "sallyport/broker/connection_limits.hpp"
#include "sallyport/vault/totp_store.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;
using Who = Access::Who;

namespace {

constexpr std::string_view kNoToken = "sign in first: sallyport login";

std::string local_actor(const Peer& peer) {
  if (peer.kind == PeerKind::operator_) return "operator:" + std::to_string(peer.uid);
  return "system:" + std::string(to_string(peer.kind));
}

Result<> load_caller(Context& context, const base::SecretBytes& token) {
  const access::IdleRule idle{context.state.config.token_idle, &context.state.token_uses};
  SALLYPORT_TRY(auto login, access::check_token(context.sql(), token, context.source, context.now, idle));
  context.state.token_uses.note(login.token, context.now);
  SALLYPORT_TRY(auto user, access::get_user(context.sql(), login.user));
  SALLYPORT_TRY(auto enrolled, vault::totp_enrolled(context.sql(), login.user));
  SALLYPORT_TRY(auto roles, access::roles_of(context.sql(), login.user));
  context.actor = "user:" + user.name;
  context.factors = login.factors;
  context.caller = Caller{std::move(user), std::move(login), enrolled, std::move(roles)};
  return base::ok();
}

Result<> need_proof(const Context& context, Proof proof) {
  if (proof < Proof::otp || context.caller->login.factors.otp) return base::ok();
  if (!context.caller->otp_enrolled) {
    return fail(Errc::unauthenticated, "enrol a one-time code first: sallyport otp enroll");
  }
  return fail(Errc::unauthenticated, "sign in again with a one-time code: sallyport login");
}

Result<> decided(Context& context, const access::Decision& decision) {
  context.rule = decision.why();
  return decision.as_result();
}

Result<> need_right(Context& context, Right right) { return decided(context, access::decide(context.question(right))); }

/// One answer for an account that is not there and one that is not open: names of accounts are no public knowledge.
Result<> no_such_account(Context& context, Right right) {
  if (context.allows(Right::administer)) {
    constexpr std::string_view kNoun = "account:";
    const auto named = context.object.starts_with(kNoun) ? context.object.substr(kNoun.size()) : "of that name";
    return fail(Errc::not_found, "there is no account " + named + "; those there are: sallyport account list");
  }
  access::DecisionInput input = context.question(right);
  static const access::AccountFacts nowhere{base::AccountId::random(), {}};
  input.account = &nowhere;
  auto decision = access::decide(input);
  decision.allowed = false;
  if (decision.rule == access::Rule::allowed_by_role) decision.rule = access::Rule::no_role;
  return decided(context, decision);
}

Result<> find_checkout(Context& context, std::string_view id_text) {
  SALLYPORT_TRY(auto id, vault::complete_checkout_id(context.sql(), id_text, context.caller->user.id));
  auto found = vault::get_checkout(context.sql(), id);
  // Another person's checkout is answered like one that is not there.
  if (!found || found.value().user != context.caller->user.id)
    return fail(Errc::not_found, "you have no checkout of that id");
  SALLYPORT_TRY(auto account, vault::get_account(context.sql(), found.value().account));
  context.checkout = std::move(found).value();
  context.account = std::move(account);
  return base::ok();
}

Result<> resolve_account(Context& context, const Record& input) {
  if (context.operation.id == OperationId::reveal) return find_checkout(context, input.text("id"));
  SALLYPORT_TRY(auto name, base::parse_account_name(input.text("account")));
  auto found = vault::find_account(context.sql(), name);
  if (!found && found.error().code() != Errc::not_found) return std::move(found).error();
  if (found) context.account = std::move(found).value();
  return base::ok();
}

access::CheckoutFacts facts_of(const vault::Checkout& checkout) {
  return {checkout.user,     checkout.account, checkout.state == vault::CheckoutState::active,
          checkout.with_otp, checkout.source,  checkout.made,
          checkout.lease};
}

/// Without a code in the request, the sign-in's counts for as long as the account's policy says: by default a minute,
/// and for one checkout.
access::AccessPolicy policy_on(const Context& context, bool code_given) {
  auto policy = context.state.policy;
  if (code_given) return policy;
  policy.checkout_otp = context.account->policy.code_reuse;
  if (context.account->policy.code_reuse <= vault::kReuseOnce && context.caller->login.code_spent)
    policy.checkout_otp = base::Seconds{0};
  return policy;
}

Result<> decide_on_account(Context& context, const access::Factors& factors, bool code_given) {
  const access::AccountFacts account{context.account->id, context.account->all_labels};
  std::optional<access::CheckoutFacts> checkout;
  if (context.checkout) checkout = facts_of(*context.checkout);
  auto input = context.question(context.operation.access.right());
  input.factors = factors;
  input.account = &account;
  input.checkout = checkout ? &*checkout : nullptr;
  input.policy = policy_on(context, code_given);
  return decided(context, access::decide(input));
}

/// Before a code is used up: would it help? As if it had been given now.
Result<> on_account(Context& context, const Record& input) {
  SALLYPORT_TRYV(need_proof(context, context.operation.access.proof()));
  SALLYPORT_TRYV(resolve_account(context, input));
  if (!context.account) return no_such_account(context, context.operation.access.right());
  context.object = "account:" + context.account->name.text();
  auto factors = context.factors;
  const bool fresh = context.operation.access.proof() == Proof::fresh_otp;
  const bool code_given = fresh && input.has("otp");
  if (code_given) factors.otp = context.now;
  return decide_on_account(context, factors, code_given);
}

/// With fresh_otp: for oneself a code in this very request; for another person, one given lately will do.
Result<> self_or(Context& context, const Record& input) {
  const auto proof = context.operation.access.proof();
  SALLYPORT_TRYV(need_proof(context, proof));
  const bool self = input.text("name") == context.caller->user.name;
  if (!self) {
    SALLYPORT_TRYV(need_right(context, context.operation.access.right()));
  } else {
    context.rule = "allow.self";
  }
  if (proof != Proof::fresh_otp || input.has("otp")) return base::ok();
  return self ? missing_code(context) : need_recent_code(context);
}

}  // namespace

Result<> authenticate(Context& context, const Record* envelope) {
  if (envelope == nullptr) {
    context.source = context.place = "local";
    context.actor = local_actor(context.request.peer);
    context.request_id = std::to_string(context.request.peer.id) + "-" + std::to_string(context.request.request_id);
    return base::ok();
  }
  context.source = envelope->text("source");
  context.place = broker::source_key(context.source);
  context.request_id = envelope->text("request_id");
  context.actor = "unknown";
  if (context.operation.access.who() == Who::anyone) return base::ok();
  const auto& token = envelope->secret("token");
  if (token.empty()) return fail(Errc::unauthenticated, std::string(kNoToken));
  return load_caller(context, token);
}

Result<> authorise(Context& context, const Record& input) {
  const Access& access = context.operation.access;
  if (context.request.peer.kind == PeerKind::operator_) {
    context.rule = "allow.operator";
    return base::ok();
  }
  switch (access.who()) {
    case Who::anyone:
      context.rule = "allow.anyone";
      return base::ok();
    case Who::internal:
      context.rule = "allow.process";
      return base::ok();
    case Who::local_operator:
    case Who::push:
      return fail(Errc::denied, "only the vault's operator may do this, on its machine");
    case Who::signed_in:
      context.rule = "allow.signed_in";
      return need_proof(context, access.proof());
    case Who::right:
      return need_right(context, access.right());
    case Who::self_or_right:
      return self_or(context, input);
    case Who::right_on_account:
      return on_account(context, input);
  }
  return fail(Errc::denied, "no rule allows this");
}

Result<> need_recent_code(Context& context) {
  const auto& otp = context.factors.otp;
  if (otp && !vault::Lease{*otp, context.state.policy.proof_otp}.ended(context.now)) return base::ok();
  return missing_code(context);
}

Result<> missing_code(Context& context) {
  context.rule = access::to_string(access::Rule::otp_needed);
  return fail(Errc::unauthenticated, "this needs a fresh one-time code, given with it");
}

Result<> authorise_again(Context& context) { return decide_on_account(context, context.factors, true); }

}  // namespace sallyport::app
