#include <array>

#include "authorise.hpp"
#include "listing.hpp"
#include "operation_fields.hpp"
#include "sallyport/access/login_key.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/totp_store.hpp"
#include "user_record.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

void put_roles(Record& out, const std::vector<access::Role>& roles) {
  std::vector<std::string> names;
  for (const auto& role : roles) names.push_back(role.name);
  out.set("roles", list_names(names, names.size(), fields::kRolesOf)).set("role_count", names.size());
}

Result<Record> user_record(Context& context, const access::User& user, Fields schema) {
  SALLYPORT_TRY(const bool otp, vault::totp_enrolled(context.sql(), user.id));
  SALLYPORT_TRY(const auto keys, access::list_login_keys(context.sql(), user.id));
  SALLYPORT_TRY(const auto roles, access::roles_of(context.sql(), user.id));
  Record out(schema);
  out.set("name", user.name).set("id", user.id.text()).set("display_name", user.display_name);
  out.set_flag("enabled", !user.disabled).set_flag("password", user.has_password).set_flag("otp", otp);
  out.set("keys", keys.size()).set("created", millis(user.created));
  put_roles(out, roles);
  return out;
}

Result<HashWork> new_password_work(Context& context, const base::SecretBytes& password) {
  HashWork work;
  SALLYPORT_TRY(auto fresh, access::prepare_new_password(password, context.state.config.password_cost));
  work.fresh = fresh;
  work.chosen = password.clone();
  return work;
}

namespace {

/// What gives another person a proof takes a code that was given lately, or with the request: whoever has only got hold
/// of an administrator's sign-in must not make himself a way in that lasts.
Result<Refusal> prove_lately(Context& context, const Record& input) {
  if (!input.has("otp")) {
    auto recent = need_recent_code(context);
    return recent ? Refusal{} : Refusal{std::move(recent).error()};
  }
  SALLYPORT_TRY(auto refused, prove_code(context, context.caller->user.id, input.secret("otp")));
  if (!refused) {
    SALLYPORT_TRYV(access::renew_code(context.sql(), context.caller->login, context.now));
  }
  return refused;
}

void about_user(Context& context, const Record& input) { context.object = "user:" + std::string(input.text("name")); }

Result<HashWork> add_hash(Context& context, const Record& input) {
  if (!input.has("password")) return HashWork{};
  return new_password_work(context, input.secret("password"));
}

Result<Refusal> add_prove(Context& context, const Record& input) {
  about_user(context, input);
  return input.has("password") ? prove_lately(context, input) : Refusal{};
}

Result<Record> add(Context& context, Record& input) {
  about_user(context, input);
  SALLYPORT_TRY(
      const auto user,
      access::add_user(context.sql(), {std::string(input.text("name")), std::string(input.text("display_name"))},
                       context.now));
  if (context.hash != nullptr && context.hash->fresh) {
    SALLYPORT_TRYV(access::store_password(context.sql(), user.id, *context.hash->fresh, context.hash->fresh_hash));
  }
  SALLYPORT_TRY(const auto stored, access::get_user(context.sql(), user.id));
  return user_record(context, stored, context.operation.output);
}

Result<Record> list(Context& context, Record& input) {
  const auto size = page_size(input);
  SALLYPORT_TRY(const auto users, access::list_users(context.sql(), input.text("after"), size));
  Record out = answer(context);
  out.set_list("users");
  for (const auto& user : users) {
    auto& item = out.add("users");
    SALLYPORT_TRY(auto record, user_record(context, user, item.schema()));
    item = std::move(record);
  }
  const bool cut = fit_page(out, "users");
  if (cut || users.size() == size) out.set("next", out.list("users").back().text("name"));
  return out;
}

Result<Record> show(Context& context, Record& input) {
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("name")));
  return user_record(context, user, context.operation.output);
}

/// Everything that this person holds now is given back, and the sessions under it end.
Result<> end_all_of(Context& context, const base::UserId& user, std::string_view told) {
  for (;;) {
    SALLYPORT_TRY(const auto checkouts,
                  vault::list_checkouts(context.sql(), {.user = user, .active_only = true, .limit = 1000}));
    if (checkouts.empty()) return base::ok();
    for (const auto& checkout : checkouts) {
      SALLYPORT_TRY(const auto ended, vault::revoke_checkout(context.sql(), checkout.id, context.now));
      SALLYPORT_TRYV(checkout_ended(context, ended, "checkout.revoke", told));
    }
  }
}

/// Nobody takes his own generator away without a code of it; `otp enroll` replaces it.
Result<Refusal> set_prove(Context& context, const Record& input) {
  about_user(context, input);
  if (!input.flag("reset_otp")) return Refusal{};
  if (!input.has("otp") && input.text("name") == context.caller->user.name)
    return Refusal{missing_code(context).error()};
  return prove_lately(context, input);
}

Result<Record> set(Context& context, Record& input) {
  about_user(context, input);
  SALLYPORT_TRY(const auto before, access::find_user(context.sql(), input.text("name")));
  access::UserChange change;
  if (input.has("display_name")) change.display_name = input.text("display_name");
  if (input.has("enabled")) {
    if (!input.flag("enabled") && before.id == context.caller->user.id)
      return fail(Errc::conflict, "nobody disables himself");
    change.disabled = !input.flag("enabled");
  }
  SALLYPORT_TRY(const auto user, access::change_user(context.sql(), input.text("name"), change));
  if (input.flag("reset_otp")) {
    SALLYPORT_TRYV(vault::remove_totp(context.sql(), user.id));
    SALLYPORT_TRYV(access::revoke_tokens_of(context.sql(), user.id));  // they were got with the code that is gone
  }
  if (user.disabled) {
    SALLYPORT_TRYV(end_all_of(context, user.id, "your user was disabled"));
  }
  if (input.has("enabled")) context.detail = input.flag("enabled") ? "enabled" : "disabled";
  if (input.flag("reset_otp"))
    context.detail += context.detail.empty() ? "one-time code reset" : ", one-time code reset";
  return user_record(context, user, context.operation.output);
}

Result<Record> remove(Context& context, Record& input) {
  about_user(context, input);
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("name")));
  if (user.id == context.caller->user.id) return fail(Errc::conflict, "nobody removes himself");
  SALLYPORT_TRYV(access::remove_user(context.sql(), user.name, context.now));
  SALLYPORT_TRYV(vault::remove_totp(context.sql(), user.id));
  SALLYPORT_TRYV(end_all_of(context, user.id, "your user was removed"));
  return answer(context);
}

bool is_self(const Context& context, const Record& input) { return input.text("name") == context.caller->user.name; }

Result<HashWork> password_hash(Context& context, const Record& input) {
  SALLYPORT_TRY(auto work, new_password_work(context, input.secret("password")));
  if (!is_self(context, input)) return work;
  SALLYPORT_TRY(auto attempt, access::prepare_password_check(context.sql(), context.keys(), input.text("name"),
                                                             context.state.config.password_cost));
  if (!input.has("current")) return fail(Errc::invalid, "current is missing: your present password");
  work.attempt = std::move(attempt);
  work.presented = input.secret("current").clone();
  return work;
}

/// For oneself the present password; for another person, a code.
Result<Refusal> password_prove(Context& context, const Record& input) {
  about_user(context, input);
  if (!context.hash->attempt) return prove_lately(context, input);
  SALLYPORT_TRY(const auto answer,
                access::settle_password_check(context.sql(), context.state.password_sources, *context.hash->attempt,
                                              context.hash->checked_hash, context.place, context.now));
  if (answer.accepted) return Refusal{};
  context.rule = "deny.password_" + answer.why;
  return Refusal{fail(Errc::unauthenticated, "the present password is wrong")};
}

Result<Record> password_set(Context& context, Record& input) {
  about_user(context, input);
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("name")));
  SALLYPORT_TRYV(access::store_password(context.sql(), user.id, *context.hash->fresh, context.hash->fresh_hash));
  return answer(context);
}

Record& put_key(Record& out, const certs::SshPublicKey& key) {
  return out.set("fingerprint", key.fingerprint())
      .set("type", certs::wire_name(key.type()))
      .set("comment", key.comment());
}

/// For oneself the code was asked for by the row's rule.
Result<Refusal> key_prove(Context& context, const Record& input) {
  about_user(context, input);
  if (!is_self(context, input)) return prove_lately(context, input);
  return prove_code(context, context.caller->user.id, input.secret("otp"));
}

Result<Record> key_add(Context& context, Record& input) {
  about_user(context, input);
  SALLYPORT_TRY(const auto key, certs::SshPublicKey::parse_line(input.text("key")));
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("name")));
  SALLYPORT_TRYV(access::add_login_key(context.sql(), user.id, key, context.now));
  context.detail = key.fingerprint();
  Record out = answer(context);
  put_key(out, key);
  return out;
}

Result<Record> key_list(Context& context, Record& input) {
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("name")));
  SALLYPORT_TRY(const auto keys, access::list_login_keys(context.sql(), user.id));
  Record out = answer(context);
  out.set_list("keys");
  for (const auto& key : keys) put_key(out.add("keys"), key.key);
  return out;
}

Result<Record> key_remove(Context& context, Record& input) {
  about_user(context, input);
  context.detail = input.text("fingerprint");
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("name")));
  SALLYPORT_TRYV(access::remove_login_key(context.sql(), user.id, input.text("fingerprint")));
  return answer(context);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::user_add, add, add_hash, add_prove},
    {OperationId::user_list, list},
    {OperationId::user_show, show},
    {OperationId::user_set, set, nullptr, set_prove},
    {OperationId::user_remove, remove},
    {OperationId::user_password_set, password_set, password_hash, password_prove},
    {OperationId::user_key_add, key_add, nullptr, key_prove},
    {OperationId::user_key_list, key_list},
    {OperationId::user_key_remove, key_remove},
});

}  // namespace

std::span<const HandlerRow> user_handlers() { return kRows; }

}  // namespace sallyport::app
