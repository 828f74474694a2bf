#include <array>

#include "handler.hpp"
#include "listing.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/vault/rotation.hpp"
#include "sallyport/vault/secret.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

void about_account(Context& context, const Record& input) {
  context.object = "account:" + std::string(input.text("account"));
}

/// Any action that a role of the caller allows on it makes an account visible to him.
bool visible(const Context& context, const vault::Account& account) {
  if (context.allows(Right::administer)) return true;
  for (const auto& role : context.caller->roles) {
    if (!role.actions.empty() && role.accounts.matches(account.all_labels)) return true;
  }
  return false;
}

Result<> fill(Context& context, Record& out, const vault::Account& account) {
  out.set("account", account.name.text()).set("id", account.id.text()).set("login", account.login);
  out.set("kind", vault::to_string(account.kind)).set("labels", vault::format_labels(account.labels));
  out.set("all_labels", vault::format_labels(account.all_labels)).set_flag("exclusive", account.policy.exclusive);
  out.set("longest_seconds", static_cast<std::uint64_t>(account.policy.max_duration.count()));
  out.set_flag("rotate_after_reveal", account.policy.rotate_after_reveal);
  out.set("rotation_seconds", static_cast<std::uint64_t>(account.policy.rotation_interval.count()));
  out.set("code_reuse_seconds", static_cast<std::uint64_t>(account.policy.code_reuse.count()));
  if (account.reconcile) {
    SALLYPORT_TRY(const auto helper, vault::get_account(context.sql(), *account.reconcile));
    if (visible(context, helper)) out.set("reconcile", helper.name.text());
  }
  SALLYPORT_TRY(const auto versions, vault::list_secret_versions(context.sql(), account.id));
  for (const auto& version : versions) {
    if (version.state == vault::SecretState::current) out.set("version", std::uint64_t{version.version});
  }
  SALLYPORT_TRY(const bool rotating, vault::is_rotating(context.sql(), account.id));
  out.set_flag("rotating", rotating).set("created", millis(account.created));
  return base::ok();
}

Result<Record> shown(Context& context, const vault::Account& account) {
  Record out = answer(context);
  SALLYPORT_TRYV(fill(context, out, account));
  return out;
}

void take_policy(const Record& input, vault::AccountPolicy& policy) {
  const auto seconds = [&](std::string_view name) {
    return base::Seconds{static_cast<std::int64_t>(input.number(name))};
  };
  if (input.has("exclusive")) policy.exclusive = input.flag("exclusive");
  if (input.has("longest_seconds")) policy.max_duration = seconds("longest_seconds");
  if (input.has("rotate_after_reveal")) policy.rotate_after_reveal = input.flag("rotate_after_reveal");
  if (input.has("rotation_seconds")) policy.rotation_interval = seconds("rotation_seconds");
  if (input.has("code_reuse_seconds")) policy.code_reuse = seconds("code_reuse_seconds");
}

/// A key that nothing can read would fail at the first session: better now.
Result<> check_secret(vault::AccountKind kind, const base::SecretBytes& secret) {
  if (kind != vault::AccountKind::ssh_key) return base::ok();
  SALLYPORT_TRYV(certs::public_key_of(secret));
  return base::ok();
}

Result<Record> add(Context& context, Record& input) {
  about_account(context, input);
  vault::NewAccount wanted;
  SALLYPORT_TRY(wanted.name, base::parse_account_name(input.text("account")));
  SALLYPORT_TRY(wanted.kind, vault::parse_account_kind(input.text("kind")));
  SALLYPORT_TRY(wanted.labels, vault::parse_labels(input.text("labels")));
  wanted.login = input.text("login");
  take_policy(input, wanted.policy);
  if (!input.text("reconcile").empty()) {
    SALLYPORT_TRY(wanted.reconcile, base::parse_account_name(input.text("reconcile")));
  }
  SALLYPORT_TRY(const auto account, vault::add_account(context.sql(), wanted, context.now));
  if (input.has("secret")) {
    SALLYPORT_TRYV(check_secret(account.kind, input.secret("secret")));
    SALLYPORT_TRYV(vault::set_secret(context.tx, context.keys(), account.id, input.secret("secret"), context.now));
  }
  return shown(context, account);
}

/// The next accounts that the caller may see, one more than fit if there are more: whether a page follows, and after
/// which name, says nothing of those that he may not see.
Result<std::vector<vault::Account>> visible_after(Context& context, std::optional<base::AccountName> after,
                                                  std::size_t wanted) {
  constexpr std::size_t kAtOnce = 200;
  std::vector<vault::Account> found;
  for (;;) {
    SALLYPORT_TRY(auto accounts, vault::list_accounts(context.sql(), after, kAtOnce));
    for (auto& account : accounts) {
      after = account.name;
      if (!visible(context, account)) continue;
      found.push_back(std::move(account));
      if (found.size() == wanted) return found;
    }
    if (accounts.size() < kAtOnce) return found;
  }
}

Result<Record> list(Context& context, Record& input) {
  const auto size = page_size(input);
  std::optional<base::AccountName> after;
  if (input.has("after")) {
    SALLYPORT_TRY(after, base::parse_account_name(input.text("after")));
  }
  SALLYPORT_TRY(auto accounts, visible_after(context, after, size + 1));
  const bool more = accounts.size() > size;
  if (more) accounts.pop_back();
  Record out = answer(context);
  out.set_list("accounts");
  for (const auto& account : accounts) {
    SALLYPORT_TRYV(fill(context, out.add("accounts"), account));
  }
  const bool cut = fit_page(out, "accounts");
  if (cut || more) out.set("next", out.list("accounts").back().text("account"));
  return out;
}

Result<vault::Account> by_name(Context& context, const Record& input) {
  SALLYPORT_TRY(const auto name, base::parse_account_name(input.text("account")));
  return vault::find_account(context.sql(), name);
}

Result<Record> show(Context& context, Record& input) {
  const auto account = by_name(context, input);
  if (!account && account.error().code() != Errc::not_found) return account.error();
  if (!account || !visible(context, account.value())) return fail(Errc::not_found, "no such account is open to you");
  return shown(context, account.value());
}

Result<Record> set(Context& context, Record& input) {
  about_account(context, input);
  SALLYPORT_TRY(const auto before, by_name(context, input));
  vault::AccountChange change;
  if (input.has("login")) change.login = input.text("login");
  if (input.has("labels")) {
    SALLYPORT_TRY(change.labels, vault::parse_labels(input.text("labels")));
  }
  change.policy = before.policy;
  take_policy(input, *change.policy);
  if (input.has("reconcile")) {
    change.reconcile = std::optional<base::AccountName>{};
    if (!input.text("reconcile").empty()) {
      SALLYPORT_TRY(change.reconcile, base::parse_account_name(input.text("reconcile")));
    }
  }
  SALLYPORT_TRY(const auto account, vault::change_account(context.sql(), before.name, change));
  return shown(context, account);
}

Result<Record> remove(Context& context, Record& input) {
  about_account(context, input);
  SALLYPORT_TRY(const auto account, by_name(context, input));
  SALLYPORT_TRYV(vault::remove_account(context.sql(), account.name, context.now));
  return answer(context);
}

Result<Record> secret_set(Context& context, Record& input) {
  about_account(context, input);
  SALLYPORT_TRY(const auto account, by_name(context, input));
  SALLYPORT_TRYV(check_secret(account.kind, input.secret("secret")));
  SALLYPORT_TRY(const auto version,
                vault::set_secret(context.tx, context.keys(), account.id, input.secret("secret"), context.now));
  context.detail = "version " + std::to_string(version.version);
  return shown(context, account);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::account_add, add},
    {OperationId::account_list, list},
    {OperationId::account_show, show},
    {OperationId::account_set, set},
    {OperationId::account_remove, remove},
    {OperationId::account_secret_set, secret_set},
});

}  // namespace

std::span<const HandlerRow> account_handlers() { return kRows; }

}  // namespace sallyport::app
