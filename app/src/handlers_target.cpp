#include <algorithm>
#include <array>

#include "handler.hpp"
#include "listing.hpp"
#include "sallyport/vault/target.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

void about_target(Context& context, const Record& input) {
  context.object = "target:" + std::string(input.text("name"));
}

void fill(Record& out, const vault::Target& target) {
  out.set("name", target.name).set("id", target.id.text()).set("host", target.host);
  out.set("port", std::uint64_t{target.port}).set("labels", vault::format_labels(target.labels));
  out.set("created", millis(target.created)).set_list("host_keys");
  for (const auto& key : target.host_keys)
    out.add("host_keys").set("fingerprint", key.fingerprint()).set("key", key.line());
}

Record shown(const Context& context, const vault::Target& target) {
  Record out = answer(context);
  fill(out, target);
  return out;
}

Result<std::uint16_t> port_of(const Record& input) {
  const auto port = input.has("port") ? input.number("port") : 22;
  if (port == 0) return fail(Errc::invalid, "port must be 1 to 65535");
  return static_cast<std::uint16_t>(port);
}

Result<Record> add(Context& context, Record& input) {
  about_target(context, input);
  vault::NewTarget wanted;
  wanted.name = input.text("name");
  wanted.host = input.text("host");
  SALLYPORT_TRY(wanted.port, port_of(input));
  SALLYPORT_TRY(wanted.labels, vault::parse_labels(input.text("labels")));
  if (input.has("host_key")) {
    SALLYPORT_TRY(auto key, certs::SshPublicKey::parse_host_line(input.text("host_key")));
    wanted.host_keys.push_back(std::move(key));
  }
  SALLYPORT_TRY(const auto target, vault::add_target(context.sql(), wanted, context.now));
  context.detail = target.host + ":" + std::to_string(target.port);
  return shown(context, target);
}

Result<Record> list(Context& context, Record& input) {
  const auto size = page_size(input);
  SALLYPORT_TRY(const auto targets, vault::list_targets(context.sql(), input.text("after"), size));
  Record out = answer(context);
  out.set_list("targets");
  for (const auto& target : targets) fill(out.add("targets"), target);
  const bool cut = fit_page(out, "targets");
  if (cut || targets.size() == size) out.set("next", out.list("targets").back().text("name"));
  return out;
}

Result<Record> show(Context& context, Record& input) {
  SALLYPORT_TRY(const auto target, vault::find_target(context.sql(), input.text("name")));
  return shown(context, target);
}

Result<Record> set(Context& context, Record& input) {
  about_target(context, input);
  vault::TargetChange change;
  if (input.has("host")) change.host = input.text("host");
  if (input.has("port")) {
    SALLYPORT_TRY(change.port, port_of(input));
  }
  if (input.has("labels")) {
    SALLYPORT_TRY(change.labels, vault::parse_labels(input.text("labels")));
  }
  SALLYPORT_TRY(const auto target, vault::change_target(context.sql(), input.text("name"), change));
  context.detail = target.host + ":" + std::to_string(target.port) + " " + vault::format_labels(target.labels);
  return shown(context, target);
}

Result<Record> remove(Context& context, Record& input) {
  about_target(context, input);
  SALLYPORT_TRYV(vault::remove_target(context.sql(), input.text("name"), context.now));
  return answer(context);
}

Result<Record> key_add(Context& context, Record& input) {
  about_target(context, input);
  SALLYPORT_TRY(auto key, certs::SshPublicKey::parse_host_line(input.text("key")));
  SALLYPORT_TRY(auto target, vault::find_target(context.sql(), input.text("name")));
  if (std::ranges::any_of(target.host_keys, [&](const auto& pinned) { return pinned == key; })) {
    return fail(Errc::exists, "that host key is pinned already");
  }
  context.detail = key.fingerprint();
  target.host_keys.push_back(std::move(key));
  SALLYPORT_TRY(const auto changed, vault::change_target(context.sql(), target.name, {.host_keys = target.host_keys}));
  return shown(context, changed);
}

Result<Record> key_remove(Context& context, Record& input) {
  about_target(context, input);
  context.detail = input.text("fingerprint");
  SALLYPORT_TRY(auto target, vault::find_target(context.sql(), input.text("name")));
  const auto gone =
      std::erase_if(target.host_keys, [&](const auto& key) { return key.fingerprint() == input.text("fingerprint"); });
  if (gone == 0) return fail(Errc::not_found, "no such host key is pinned for " + target.name);
  SALLYPORT_TRY(const auto changed, vault::change_target(context.sql(), target.name, {.host_keys = target.host_keys}));
  return shown(context, changed);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::target_add, add},
    {OperationId::target_list, list},
    {OperationId::target_show, show},
    {OperationId::target_set, set},
    {OperationId::target_remove, remove},
    {OperationId::target_key_add, key_add},
    {OperationId::target_key_remove, key_remove},
});

}  // namespace

std::span<const HandlerRow> target_handlers() { return kRows; }

}  // namespace sallyport::app
