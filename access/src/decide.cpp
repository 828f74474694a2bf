#include "sallyport/access/decide.hpp"

#include <array>

namespace sallyport::access {

using base::Errc;

namespace {

/// What an action asks for beyond a role.
struct Needs {
  Action action;
  bool account;
  bool checkout;
  base::Seconds AccessPolicy::*otp_fresh;
};
constexpr std::array<Needs, 6> kNeeds = {{
    {Action::session, true, true, &AccessPolicy::otp_window},
    {Action::reveal, true, true, &AccessPolicy::otp_window},
    {Action::checkout, true, false, &AccessPolicy::checkout_otp},
    {Action::rotate, true, false, &AccessPolicy::sign_in_otp},
    {Action::audit, false, false, &AccessPolicy::sign_in_otp},
    {Action::administer, false, false, &AccessPolicy::sign_in_otp},
}};

const Needs* needs_of(Action action) {
  for (const Needs& one : kNeeds) {
    if (one.action == action) return &one;
  }
  return nullptr;
}

bool opens_object(const Role& role, const DecisionInput& in) {
  return in.account == nullptr ? role.accounts.is_all() : role.accounts.matches(in.account->labels);
}

bool opens_channel(const Role& role, const DecisionInput& in) {
  return in.action != Action::session || !in.channel || role.channels.has(*in.channel);
}

/// One role must open everything: rights of two roles are not added up inside one question.
Decision look_at_roles(const DecisionInput& in) {
  Decision decision{false, Rule::no_role, {}};
  for (const Role& role : in.roles) {
    if (!role.actions.has(in.action) || !opens_object(role, in)) continue;
    if (opens_channel(role, in)) return {true, Rule::allowed_by_role, role.name};
    decision.rule = Rule::channel_not_open;
  }
  return decision;
}

std::optional<Rule> look_at_checkout(const DecisionInput& in) {
  if (in.checkout == nullptr) return Rule::checkout_needed;
  if (in.checkout->user != in.person.id || in.checkout->account != in.account->id) return Rule::checkout_of_other;
  if (!in.checkout->active || in.checkout->lease.ended(in.now)) return Rule::checkout_ended;
  return std::nullopt;
}

bool within(const vault::Moment& moment, base::Seconds window, const vault::Moment& now) {
  return !vault::Lease{moment, window}.ended(now);
}

/// A one-time code that is fresh, or a checkout that was made with one just before, from the same place.
bool otp_is_fresh(const DecisionInput& in, const Needs& needs) {
  const base::Seconds window = in.policy.*needs.otp_fresh;
  if (in.factors.otp && within(*in.factors.otp, window, in.now)) return true;
  if (!needs.checkout || in.checkout == nullptr) return false;
  return in.checkout->with_otp && !in.source.empty() && in.checkout->source == in.source &&
         within(in.checkout->made, in.policy.otp_window, in.now);
}

Decision deny(Rule rule) { return {false, rule, {}}; }

struct Words {
  Rule rule;
  std::string_view word;
  std::string_view sentence;
  Errc code;
};
constexpr std::array<Words, 11> kWords = {{
    {Rule::allowed_by_role, "allow.role", "Allowed.", Errc::internal},
    {Rule::user_disabled, "deny.user_disabled", "This user is disabled.", Errc::denied},
    {Rule::no_first_factor, "deny.no_first_factor", "Sign in first, with a password or an SSH key.",
     Errc::unauthenticated},
    {Rule::account_needed, "deny.account_needed", "This needs an account, written account@target.", Errc::denied},
    {Rule::no_role, "deny.no_role", "No role of yours allows this.", Errc::denied},
    {Rule::channel_not_open, "deny.channel_not_open",
     "Your roles allow sessions on this account, but not of this kind.", Errc::denied},
    {Rule::otp_not_enrolled, "deny.otp_not_enrolled", "Enrol a one-time code generator first: sallyport otp enroll.",
     Errc::unauthenticated},
    {Rule::otp_needed, "deny.otp_needed", "A fresh one-time code is needed.", Errc::unauthenticated},
    {Rule::checkout_needed, "deny.checkout_needed", "Check the account out first: sallyport checkout ACCOUNT@TARGET.",
     Errc::conflict},
    {Rule::checkout_of_other, "deny.checkout_of_other", "The checkout is not yours, or of another account.",
     Errc::denied},
    {Rule::checkout_ended, "deny.checkout_ended", "The checkout has ended; check the account out again.",
     Errc::conflict},
}};

const Words& words_of(Rule rule) noexcept {
  for (const Words& one : kWords) {
    if (one.rule == rule) return one;
  }
  return kWords[4];
}

}  // namespace

Decision decide(const DecisionInput& in) {
  if (in.person.disabled) return deny(Rule::user_disabled);
  if (!in.factors.first_factor()) return deny(Rule::no_first_factor);
  const Needs* needs = needs_of(in.action);
  if (needs == nullptr) return deny(Rule::no_role);
  if (needs->account && in.account == nullptr) return deny(Rule::account_needed);
  Decision by_role = look_at_roles(in);
  if (!by_role.allowed) return by_role;
  if (!in.person.otp_enrolled) return deny(Rule::otp_not_enrolled);
  if (needs->checkout) {
    if (const auto rule = look_at_checkout(in)) return deny(*rule);
  }
  if (!otp_is_fresh(in, *needs)) return deny(Rule::otp_needed);
  return by_role;
}

bool otp_still_needed(const DecisionInput& in) { return decide(in).rule == Rule::otp_needed; }

std::string_view to_string(Rule rule) noexcept { return words_of(rule).word; }
std::string_view Decision::sentence() const noexcept { return words_of(rule).sentence; }

std::string Decision::why() const {
  std::string text(to_string(rule));
  if (allowed) text += ":" + role;
  return text;
}

base::Result<> Decision::as_result() const {
  if (allowed) return base::ok();
  const Words& words = words_of(rule);
  return base::fail(words.code, std::string(words.sentence));
}

}  // namespace sallyport::access
