// Signing in, and enrolling a second factor.
#include <array>

#include "sallyport/base/text.hpp"
#include "sallyport/vault/totp_store.hpp"
#include "user_record.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

Result<Record> token_answer(Context& context, const access::User& user, const access::Factors& factors) {
  const auto life = context.state.config.token_life;
  SALLYPORT_TRY(auto token, access::issue_token(context.sql(), user.id, context.source, factors, life, context.now));
  if (token.ended_another) context.detail = "the sign-in that was unused for longest ended";
  Record out = answer(context);
  out.set("token", std::move(token.text)).set("user", user.name).set("expires", millis(context.now.wall + life));
  out.set_flag("otp_proven", factors.otp.has_value());
  return out;
}

namespace {

/// The one answer to everything that may be wrong with a sign-in.
Refusal wrong(Context& context, std::string why) {
  context.rule = "deny.login";
  context.detail = std::move(why);
  return {fail(Errc::unauthenticated, "wrong user, password or one-time code")};
}

/// Where no code was judged no lockout counts: told within the strangers' budget, or it could fill the log.
Refusal unjudged(Context& context, std::string why) {
  context.factors.password = false;
  return wrong(context, std::move(why));
}

Result<HashWork> login_hash(Context& context, const Record& input) {
  // Said before anything is looked at, and hence about nobody.
  if (input.has("otp") && !vault::is_totp_format(input.secret("otp").expose()))
    return about_code({vault::OtpVerdict::malformed}, context.now);
  HashWork work;
  SALLYPORT_TRY(auto attempt, access::prepare_password_check(context.sql(), context.keys(), input.text("user"),
                                                             context.state.config.password_cost));
  work.attempt = std::move(attempt);
  work.presented = input.secret("password").clone();
  return work;
}

Result<Refusal> login_prove(Context& context, const Record& input) {
  context.object = "user:" + std::string(input.text("user"));
  SALLYPORT_TRY(const auto answer,
                access::settle_password_check(context.sql(), context.state.password_sources, *context.hash->attempt,
                                              context.hash->checked_hash, context.place, context.now));
  if (!answer.accepted) return wrong(context, "password: " + answer.why);
  context.factors.password = true;
  SALLYPORT_TRY(const bool enrolled, vault::totp_enrolled(context.sql(), *answer.user));
  if (!enrolled && !input.has("otp")) return Refusal{};
  if (!enrolled) return unjudged(context, "a code, and none is enrolled");
  SALLYPORT_TRY(const auto refused, prove_code(context, *answer.user, input.secret("otp")));
  if (!refused) return Refusal{};
  const std::string why = "one-time code: " + refused.why->context();
  return refused.judged ? wrong(context, why) : unjudged(context, why);
}

Result<Record> login(Context& context, Record& input) {
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("user")));
  context.actor = "user:" + user.name;
  context.rule = context.factors.otp ? "allow.password_otp" : "allow.password_only";
  if (context.factors.otp) {
    SALLYPORT_TRYV(remember_place(context, user.id));
  }
  return token_answer(context, user, context.factors);
}

Result<Record> logout(Context& context, Record&) {
  base::Reader reader(context.request.payload.view());
  SALLYPORT_TRY(const auto envelope, decode_front(reader, envelope_fields()));
  SALLYPORT_TRYV(access::revoke_token(context.sql(), envelope.secret("token")));
  return answer(context);
}

Result<Record> whoami(Context& context, Record&) {
  const auto& caller = *context.caller;
  Record out = answer(context);
  out.set("user", caller.user.name).set("id", caller.user.id.text());
  out.set("expires", millis(context.now.wall + caller.login.lease.remaining(context.now)));
  out.set_flag("otp_proven", caller.login.factors.otp.has_value()).set_flag("otp_enrolled", caller.otp_enrolled);
  put_roles(out, caller.roles);
  return out;
}

/// Whoever has only the password may enrol the first generator; replacing one takes a code of it, given with the
/// request: a sign-in that somebody else has got hold of must not become his second factor.
Result<Refusal> otp_enroll_prove(Context& context, const Record& input) {
  const auto& caller = *context.caller;
  context.object = "user:" + caller.user.name;
  if (!caller.otp_enrolled) return Refusal{};
  if (input.has("otp")) return prove_code(context, caller.user.id, input.secret("otp"));
  context.rule = "deny.otp_needed";
  return Refusal{fail(Errc::unauthenticated,
                      "to replace your generator, give a fresh one-time code of it; if it is lost, an "
                      "administrator resets it")};
}

Result<Record> otp_enroll(Context& context, Record&) {
  const auto& caller = *context.caller;
  SALLYPORT_TRY(auto seed, vault::begin_totp(context.tx, context.keys(), caller.user.id, context.now));
  Record out = answer(context);
  out.set("uri", vault::otpauth_uri(seed, "Sallyport", caller.user.name)).set("secret", base::base32_secret(seed));
  return out;
}

Result<Refusal> otp_confirm_prove(Context& context, const Record& input) {
  const auto& caller = *context.caller;
  context.object = "user:" + caller.user.name;
  SALLYPORT_TRY(const auto answer,
                vault::confirm_totp(context.tx, context.keys(), context.state.code_sources, caller.user.id,
                                    context.place, input.secret("otp").expose(), context.now));
  if (answer.accepted()) {
    context.factors.otp = context.now;
    return Refusal{};
  }
  context.rule = "deny.otp_" + std::string(vault::to_string(answer.verdict));
  if (answer.verdict == vault::OtpVerdict::not_enrolled) {
    return Refusal{fail(Errc::conflict, "nothing is to be confirmed: start with sallyport otp enroll")};
  }
  return Refusal{about_code(answer, context.now)};
}

/// Sign-ins of before were not got with a code of this generator: they end.
Result<Record> otp_confirm(Context& context, Record&) {
  const access::User user = context.caller->user;
  SALLYPORT_TRYV(access::revoke_tokens_of(context.sql(), user.id));
  SALLYPORT_TRYV(remember_place(context, user.id));
  return token_answer(context, user, context.factors);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::login, login, login_hash, login_prove},
    {OperationId::logout, logout},
    {OperationId::whoami, whoami},
    {OperationId::otp_enroll, otp_enroll, nullptr, otp_enroll_prove},
    {OperationId::otp_confirm, otp_confirm, nullptr, otp_confirm_prove},
});

}  // namespace

std::span<const HandlerRow> auth_handlers() { return kRows; }

}  // namespace sallyport::app
