// status, health, seal, and the first administrator.
#include <array>

#include "handler.hpp"
#include "sallyport/audit/checkpoint.hpp"
#include "sallyport/base/text.hpp"
#include "user_record.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

Record health_record(const ServiceState& state, Fields schema) {
  Record out(schema);
  out.set("state", state.vault ? "unsealed" : "sealed");
  out.set_flag("writable", state.vault && state.writable);
  for (const auto& field : schema) {
    if (field.name == "dev") out.set_flag("dev", state.config.dev);
  }
  return out;
}

namespace {

/// While the last commit has failed, asking is what tries again: the event makes the batch commit.
Result<Record> health(Context& context, Record&) {
  if (!context.state.writable) {
    context.event("vault.probe", "vault", audit::Outcome::ok, "the log takes writes again");
    context.state.writable = true;  // if it does not, this answer is never sent
  }
  return health_record(context.state, context.operation.output);
}

Result<Record> status(Context& context, Record& input) {
  SALLYPORT_TRY(auto out, health(context, input));
  const auto& vault = *context.state.vault;
  SALLYPORT_TRY(const auto users, access::count_users(context.sql()));
  SALLYPORT_TRY(const auto checkouts, vault::list_checkouts(context.sql(), {.active_only = true, .limit = 1000}));
  out.set("vault_id", base::hex(vault.id()));
  out.set("sessions", context.state.sessions.live());
  out.set("checkouts", checkouts.size());
  out.set("audit_size", context.state.vault->audit().size());
  out.set("audit_key", audit::format_verifier_key(context.state.vault->audit().public_key()));
  out.set_flag("users", users > 0);
  if (vault.rollback_warning()) out.set("warning", base::escape_text(*vault.rollback_warning(), 500));
  return out;
}

Result<Record> unseal(Context&, Record&) { return fail(Errc::conflict, "the vault is unsealed already"); }

Result<Record> seal(Context& context, Record&) {
  context.object = "vault";
  tell_left_out(context, true);
  context.after_commit([&state = context.state, now = context.now.mono](auto& out) {
    state.sessions.end_where([](const LiveSession&) { return true; }, "the vault is being sealed", now, out);
    state.exports.clear();
    state.vault.reset();
  });
  Record out(context.operation.output);
  out.set("state", "sealed").set_flag("writable", false);
  return out;
}

Result<HashWork> bootstrap_hash(Context& context, const Record& input) {
  SALLYPORT_TRY(const auto users, access::count_users(context.sql()));
  if (users > 0) return fail(Errc::conflict, "there are users already; an administrator adds more");
  return new_password_work(context, input.secret("password"));
}

/// A role for each duty, so that the first administrator can pass them on.
Result<> grant_first_roles(Context& context, const base::UserId& user) {
  const auto give = [&](std::string_view name, access::Actions actions) -> Result<> {
    SALLYPORT_TRY(auto everywhere, access::Selector::parse("*"));
    SALLYPORT_TRY(
        const auto role,
        access::add_role(context.sql(), {std::string(name), std::move(everywhere), actions, {}}, context.now));
    return access::grant_role(context.sql(), role.id, user, context.now);
  };
  SALLYPORT_TRYV(give("administrator", {Right::administer}));
  return give("auditor", {Right::audit});
}

Result<Record> bootstrap(Context& context, Record& input) {
  SALLYPORT_TRY(const auto users, access::count_users(context.sql()));
  if (users > 0) return fail(Errc::conflict, "there are users already; an administrator adds more");
  context.object = "user:" + std::string(input.text("name"));
  SALLYPORT_TRY(const auto user, access::add_user(context.sql(), {std::string(input.text("name")), ""}, context.now));
  SALLYPORT_TRYV(access::store_password(context.sql(), user.id, *context.hash->fresh, context.hash->fresh_hash));
  SALLYPORT_TRYV(grant_first_roles(context, user.id));
  SALLYPORT_TRY(const auto stored, access::get_user(context.sql(), user.id));
  return user_record(context, stored, context.operation.output);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::health, health},
    {OperationId::status, status},
    {OperationId::unseal, unseal},
    {OperationId::seal, seal},
    {OperationId::user_bootstrap, bootstrap, bootstrap_hash},
});

}  // namespace

std::span<const HandlerRow> system_handlers() { return kRows; }

}  // namespace sallyport::app
