#include <array>

#include "handler.hpp"
#include "listing.hpp"
#include "operation_fields.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kAllChannels = "shell,exec,sftp,scp";

void about_role(Context& context, const Record& input) { context.object = "role:" + std::string(input.text("name")); }

Result<> fill(Context& context, Record& out, const access::Role& role) {
  SALLYPORT_TRY(const auto members, access::members_of(context.sql(), role.id, fields::kMembers / 2));
  out.set("name", role.name).set("actions", access::format_actions(role.actions)).set("labels", role.accounts.text());
  out.set("channels", access::format_channels(role.channels));
  out.set("members", list_names(members.names, members.count, fields::kMembers)).set("member_count", members.count);
  return base::ok();
}

Result<Record> shown(Context& context, const access::Role& role) {
  Record out = answer(context);
  SALLYPORT_TRYV(fill(context, out, role));
  return out;
}

/// What is about no account needs no labels; what opens accounts is never given everywhere by leaving them out.
bool are_about_accounts(const access::Actions& actions) {
  return (actions.bits() & ~access::Actions{Right::audit, Right::administer}.bits()) != 0;
}

base::Error no_labels() {
  return fail(Errc::invalid,
              "these actions are about accounts: say which with --labels env=prod, or --labels '*' for all");
}

Result<Record> add(Context& context, Record& input) {
  about_role(context, input);
  access::NewRole wanted;
  wanted.name = input.text("name");
  SALLYPORT_TRY(wanted.actions, access::parse_actions(input.text("actions")));
  if (!input.has("labels") && are_about_accounts(wanted.actions)) return no_labels();
  SALLYPORT_TRY(wanted.accounts, access::Selector::parse(input.has("labels") ? input.text("labels") : "*"));
  SALLYPORT_TRY(wanted.channels, access::parse_channels(input.has("channels") ? input.text("channels") : kAllChannels));
  SALLYPORT_TRY(const auto role, access::add_role(context.sql(), wanted, context.now));
  context.detail = std::string(input.text("actions")) + " on " + wanted.accounts.text();
  return shown(context, role);
}

Result<Record> list(Context& context, Record& input) {
  SALLYPORT_TRY(const auto roles, access::list_roles(context.sql()));
  const auto size = page_size(input);
  Record out = answer(context);
  out.set_list("roles");
  for (const auto& role : roles) {
    if (role.name <= input.text("after")) continue;
    SALLYPORT_TRYV(fill(context, out.add("roles"), role));
    if (out.list("roles").size() == size) break;
  }
  const bool cut = fit_page(out, "roles");
  const auto last = out.list("roles").empty() ? std::string_view{} : out.list("roles").back().text("name");
  if (cut || out.list("roles").size() == size) out.set("next", last);
  return out;
}

Result<Record> show(Context& context, Record& input) {
  SALLYPORT_TRY(const auto role, access::find_role(context.sql(), input.text("name")));
  return shown(context, role);
}

/// The last administrator must not lock everybody out.
Result<> somebody_administers(Context& context) {
  SALLYPORT_TRY(const auto roles, access::list_roles(context.sql()));
  for (const auto& role : roles) {
    if (!role.actions.has(Right::administer)) continue;
    SALLYPORT_TRY(const auto users, access::users_of(context.sql(), role.id));
    for (const auto& id : users) {
      SALLYPORT_TRY(const auto user, access::get_user(context.sql(), id));
      if (!user.disabled) return base::ok();
    }
  }
  return fail(Errc::conflict, "then nobody could administer; give the right to somebody else first");
}

Result<Record> set(Context& context, Record& input) {
  about_role(context, input);
  access::RoleChange change;
  if (input.has("labels")) {
    SALLYPORT_TRY(change.accounts, access::Selector::parse(input.text("labels")));
  }
  if (input.has("actions")) {
    SALLYPORT_TRY(change.actions, access::parse_actions(input.text("actions")));
  }
  if (input.has("channels")) {
    SALLYPORT_TRY(change.channels, access::parse_channels(input.text("channels")));
  }
  SALLYPORT_TRY(const auto role, access::change_role(context.sql(), input.text("name"), change));
  SALLYPORT_TRYV(somebody_administers(context));
  context.detail = access::format_actions(role.actions) + " on " + role.accounts.text();
  return shown(context, role);
}

Result<Record> remove(Context& context, Record& input) {
  about_role(context, input);
  SALLYPORT_TRYV(access::remove_role(context.sql(), input.text("name")));
  SALLYPORT_TRYV(somebody_administers(context));
  return answer(context);
}

Result<Record> assign(Context& context, Record& input) {
  about_role(context, input);
  context.detail = "user " + std::string(input.text("user"));
  SALLYPORT_TRY(const auto role, access::find_role(context.sql(), input.text("name")));
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("user")));
  SALLYPORT_TRYV(access::grant_role(context.sql(), role.id, user.id, context.now));
  return answer(context);
}

Result<Record> unassign(Context& context, Record& input) {
  about_role(context, input);
  context.detail = "user " + std::string(input.text("user"));
  SALLYPORT_TRY(const auto role, access::find_role(context.sql(), input.text("name")));
  SALLYPORT_TRY(const auto user, access::find_user(context.sql(), input.text("user")));
  SALLYPORT_TRYV(access::revoke_role(context.sql(), role.id, user.id));
  SALLYPORT_TRYV(somebody_administers(context));
  return answer(context);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::role_add, add},
    {OperationId::role_list, list},
    {OperationId::role_show, show},
    {OperationId::role_set, set},
    {OperationId::role_remove, remove},
    {OperationId::role_assign, assign},
    {OperationId::role_unassign, unassign},
});

}  // namespace

std::span<const HandlerRow> role_handlers() { return kRows; }

}  // namespace sallyport::app
