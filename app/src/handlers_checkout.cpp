#include <array>

#include "handler.hpp"
#include "sallyport/vault/rotation.hpp"
#include "sallyport/vault/secret.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr base::Seconds kDefaultLength{3600};

Result<> fill(Context& context, Record& out, const vault::Checkout& checkout) {
  SALLYPORT_TRY(const auto account, vault::get_account(context.sql(), checkout.account));
  SALLYPORT_TRY(const auto user, access::get_user(context.sql(), checkout.user));
  const bool active = checkout.state == vault::CheckoutState::active;
  const auto left = active ? checkout.lease.remaining(context.now) : base::Milliseconds{0};
  out.set("id", checkout.id.text()).set("account", account.name.text()).set("user", user.name);
  out.set("state", vault::to_string(checkout.state)).set("reason", checkout.reason).set("source", checkout.source);
  out.set_flag("revealed", checkout.revealed).set("made", millis(checkout.made.wall));
  out.set("seconds_left", static_cast<std::uint64_t>(left.count() / 1000));
  if (checkout.ended) out.set("ended", millis(*checkout.ended));
  return base::ok();
}

Result<Record> shown(Context& context, const vault::Checkout& checkout) {
  Record out = answer(context);
  SALLYPORT_TRYV(fill(context, out, checkout));
  return out;
}

vault::NewCheckout wanted_by(const Context& context, const Record& input) {
  vault::NewCheckout wanted{.account = context.account->id,
                            .user = context.caller->user.id,
                            .source = context.source,
                            .reason = std::string(input.text("reason")),
                            .duration = kDefaultLength,
                            .with_otp = input.has("otp")};
  if (input.has("seconds"))
    wanted.duration = base::Seconds{static_cast<std::int64_t>(input.number("seconds"))};
  else
    wanted.duration = std::min(kDefaultLength, context.account->policy.max_duration);
  return wanted;
}

/// A rotation in doubt that waits is tried at once when somebody wants the account: the refusal says so.
base::Error refused(Context& context, base::Error why) {
  const auto doubtful = vault::find_rotation_in_doubt(context.sql(), context.account->id);
  if (doubtful && doubtful.value()) context.state.wanted_rotations.insert(doubtful.value()->id);
  return why;
}

Result<> create_check(Context& context, const Record& input) {
  auto allowed = vault::may_check_out(context.sql(), wanted_by(context, input), context.now);
  return allowed ? allowed : refused(context, std::move(allowed).error());
}

/// The sign-in's code stands for one checkout, which then is as good as one with a code of its own.
Result<bool> by_sign_in_code(Context& context, const Record& input) {
  if (input.has("otp") || context.account->policy.code_reuse > vault::kReuseOnce) return false;
  return access::spend_code(context.sql(), context.caller->login);
}

Result<Record> create(Context& context, Record& input) {
  auto wanted = wanted_by(context, input);
  SALLYPORT_TRY(const bool spent, by_sign_in_code(context, input));
  wanted.with_otp = wanted.with_otp || spent;
  const auto made = vault::create_checkout(context.sql(), wanted, context.now);
  if (!made) return refused(context, made.error());
  const auto& granted = made.value();
  for (const auto& ended : granted.also_ended) {
    SALLYPORT_TRYV(checkout_ended(context, ended, "checkout.expire", "your checkout has run out"));
  }
  context.detail = "checkout " + granted.checkout.id.text() + ": " + granted.checkout.reason;
  return shown(context, granted.checkout);
}

Result<Record> list(Context& context, Record& input) {
  vault::CheckoutFilter filter{.active_only = input.flag("active"), .limit = page_size(input)};
  if (!input.flag("all"))
    filter.user = context.caller->user.id;
  else if (!context.allows(Right::audit))
    return fail(Errc::denied, "only auditors see the checkouts of others");
  if (input.has("account")) {
    SALLYPORT_TRY(const auto name, base::parse_account_name(input.text("account")));
    const auto account = vault::find_account(context.sql(), name);
    const bool hidden = !account && account.error().code() == Errc::not_found && !context.allows(Right::audit);
    if (!account && !hidden) return account.error();
    // Whether there is such an account is not for everybody to know: nobody has checkouts of one that is not there.
    filter.account = hidden ? base::AccountId::random() : account.value().id;
  }
  if (input.has("after")) {
    SALLYPORT_TRY(filter.after, base::CheckoutId::parse(input.text("after")));
  }
  SALLYPORT_TRY(const auto checkouts, vault::list_checkouts(context.sql(), filter));
  Record out = answer(context);
  out.set_list("checkouts");
  for (const auto& checkout : checkouts) {
    SALLYPORT_TRYV(fill(context, out.add("checkouts"), checkout));
  }
  if (checkouts.size() == filter.limit) out.set("next", checkouts.back().id.text());
  return out;
}

/// The caller's own; of others only with `right`, and otherwise as if there were none.
Result<vault::Checkout> find(Context& context, const Record& input, Right right) {
  const auto of = context.allows(right) ? std::nullopt : std::optional(context.caller->user.id);
  SALLYPORT_TRY(const auto id, vault::complete_checkout_id(context.sql(), input.text("id"), of));
  auto found = vault::get_checkout(context.sql(), id);
  if (!found && found.error().code() != Errc::not_found) return found;
  if (found && (found.value().user == context.caller->user.id || context.allows(right))) return found;
  return fail(Errc::not_found, "you have no checkout of that id");
}

Result<Record> show(Context& context, Record& input) {
  SALLYPORT_TRY(const auto checkout, find(context, input, Right::audit));
  return shown(context, checkout);
}

Result<Record> checkin(Context& context, Record& input) {
  SALLYPORT_TRY(const auto checkout, find(context, input, Right::administer));
  SALLYPORT_TRY(const auto account, vault::get_account(context.sql(), checkout.account));
  const bool own = checkout.user == context.caller->user.id;
  context.object = "account:" + account.name.text();
  context.detail = "checkout " + checkout.id.text() + (own ? "" : " of another user, revoked");
  auto ended = own ? vault::check_in(context.sql(), checkout.id, context.now)
                   : vault::revoke_checkout(context.sql(), checkout.id, context.now);
  if (!ended) return std::move(ended).error();
  const auto& end = ended.value();
  context.after_commit(
      [&state = context.state, id = checkout.id, now = context.now.mono, own, due = end.rotation_due](auto& out) {
        state.sessions.end_where([&](const LiveSession& live) { return live.checkout == id; },
                                 own ? "you gave the account back" : "your checkout was revoked", now, out);
        if (due) wake_rotators(state, out);
      });
  Record out = answer(context);
  out.set("id", checkout.id.text())
      .set("state", vault::to_string(end.checkout.state))
      .set_flag("rotation", end.rotation_due);
  return out;
}

/// The value leaves with the reply, which leaves after the commit that holds this event.
Result<Record> reveal(Context& context, Record&) {
  const auto& account = *context.account;
  SALLYPORT_TRYV(vault::mark_revealed(context.sql(), context.checkout->id, context.now));
  SALLYPORT_TRY(auto secret, vault::read_secret(context.tx, context.keys(), account.id));
  context.detail = "checkout " + context.checkout->id.text();
  Record out = answer(context);
  out.set("account", account.name.text()).set("login", account.login).set("kind", vault::to_string(account.kind));
  out.set("secret", std::move(secret));
  return out;
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::checkout_create, create, nullptr, nullptr, create_check},
    {OperationId::checkout_list, list},
    {OperationId::checkout_show, show},
    {OperationId::checkin, checkin},
    {OperationId::reveal, reveal},
});

}  // namespace

std::span<const HandlerRow> checkout_handlers() { return kRows; }

}  // namespace sallyport::app
