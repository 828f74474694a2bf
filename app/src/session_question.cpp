#include "session_question.hpp"

#include "sallyport/access/login_key.hpp"
#include "sallyport/vault/totp_store.hpp"

namespace sallyport::app {

using base::Errc;
using base::Result;

namespace {

Result<SessionQuestion> of_person(Context& context, const base::UserId& id) {
  SALLYPORT_TRY(auto user, access::get_user(context.sql(), id));
  SessionQuestion out{.user = std::move(user)};
  SALLYPORT_TRY(out.enrolled, vault::totp_enrolled(context.sql(), id));
  SALLYPORT_TRY(out.roles, access::roles_of(context.sql(), id));
  return out;
}

void about(SessionQuestion& question, vault::Account&& account, std::optional<vault::Checkout>&& checkout) {
  question.facts = {account.id, account.all_labels};
  question.account = std::move(account);
  question.checkout = std::move(checkout);
  if (!question.checkout) return;
  const auto& c = *question.checkout;
  question.leaned = access::CheckoutFacts{
      c.user, c.account, c.state == vault::CheckoutState::active, c.with_otp, c.source, c.made, c.lease};
}

}  // namespace

Result<SessionQuestion> SessionQuestion::of_login(Context& context, const LoginFlow& flow) {
  SALLYPORT_TRY(auto out, of_person(context, *flow.user()));
  auto account = vault::find_account(context.sql(), flow.account());
  if (!account && account.error().code() != Errc::not_found) return std::move(account).error();
  if (!account) return out;
  SALLYPORT_TRY(auto checkout,
                vault::find_active_checkout(context.sql(), account.value().id, out.user.id, context.now));
  about(out, std::move(account).value(), std::move(checkout));
  return out;
}

Result<SessionQuestion> SessionQuestion::of_live(Context& context, const LiveSession& live) {
  SALLYPORT_TRY(auto out, of_person(context, live.user));
  SALLYPORT_TRY(auto account, vault::get_account(context.sql(), live.account));
  SALLYPORT_TRY(auto checkout, vault::get_checkout(context.sql(), live.checkout));
  about(out, std::move(account), std::move(checkout));
  return out;
}

access::DecisionInput SessionQuestion::input(const Context& context, const access::Factors& factors) const {
  return {.person = {user.id, user.disabled, enrolled},
          .roles = roles,
          .action = Right::session,
          .account = &facts,
          .channel = {},
          .factors = factors,
          .checkout = leaned ? &*leaned : nullptr,
          .source = context.source,
          .now = context.now,
          .policy = context.state.policy};
}

access::Channels SessionQuestion::open_channels(const Context& context, const access::Factors& factors) const {
  access::Channels open;
  auto asked = input(context, factors);
  for (const auto channel :
       {access::Channel::shell, access::Channel::exec, access::Channel::sftp, access::Channel::scp}) {
    asked.channel = channel;
    if (access::decide(asked).allowed) open.add(channel);
  }
  return open;
}

Result<bool> proof_stands(Context& context, const LoginFlow& flow) {
  const auto& proof = flow.first_proof();
  if (proof.password) {
    SALLYPORT_TRY(const auto salt, access::password_salt(context.sql(), *flow.user()));
    return salt == proof.password;
  }
  SALLYPORT_TRY(const auto key, access::find_login_key(context.sql(), proof.key));
  return key && key->user == *flow.user();
}

}  // namespace sallyport::app
