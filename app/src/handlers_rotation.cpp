// Rotations: asked for by people, carried out by the rotator.
#include <array>

#include "handler.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/rotation/journal.hpp"
#include "sallyport/vault/rotation.hpp"
#include "sallyport/vault/secret.hpp"
#include "sallyport/vault/target.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

Result<Record> rotate(Context& context, Record&) {
  const auto& account = *context.account;
  SALLYPORT_TRYV(vault::request_rotation(context.sql(), account.id, vault::RotationCause::demand, context.now));
  context.after_commit([&state = context.state](auto& out) { wake_rotators(state, out); });
  Record out = answer(context);
  out.set("account", account.name.text()).set_flag("queued", true);
  return out;
}

Result<> fill(Context& context, Record& out, const vault::Rotation& rotation) {
  SALLYPORT_TRY(const auto account, vault::get_account(context.sql(), rotation.account));
  out.set("id", rotation.id.text()).set("account", account.name.text()).set("cause", vault::to_string(rotation.cause));
  out.set("state", rotation.state).set("outcome", rotation.outcome).set("detail", rotation.detail);
  out.set("waits", vault::to_string(rotation.wait)).set("version", std::uint64_t{rotation.version});
  out.set("started", millis(rotation.started));
  if (rotation.finished) out.set("finished", millis(*rotation.finished));
  return base::ok();
}

Result<Record> list(Context& context, Record& input) {
  vault::RotationFilter filter{.limit = page_size(input)};
  if (input.has("account")) {
    SALLYPORT_TRY(const auto name, base::parse_account_name(input.text("account")));
    SALLYPORT_TRY(const auto account, vault::find_account(context.sql(), name));
    filter.account = account.id;
  }
  if (input.has("after")) {
    SALLYPORT_TRY(filter.after, base::RotationId::parse(input.text("after")));
  }
  SALLYPORT_TRY(const auto rotations, vault::list_rotations(context.sql(), filter));
  Record out = answer(context);
  out.set_list("rotations");
  for (const auto& rotation : rotations) {
    SALLYPORT_TRYV(fill(context, out.add("rotations"), rotation));
  }
  if (rotations.size() == filter.limit) out.set("next", rotations.back().id.text());
  return out;
}

Result<Record> show(Context& context, Record& input) {
  SALLYPORT_TRY(const auto id, vault::complete_rotation_id(context.sql(), input.text("id")));
  SALLYPORT_TRY(const auto rotation, vault::get_rotation(context.sql(), id));
  Record out = answer(context);
  SALLYPORT_TRYV(fill(context, out, rotation));
  return out;
}

/// One that waits, and whose account somebody wants.
Result<std::optional<vault::DueRotation>> next_wanted(Context& context) {
  auto& wanted = context.state.wanted_rotations;
  while (!wanted.empty()) {
    const auto id = *wanted.begin();
    SALLYPORT_TRY(const auto rotation, vault::get_rotation(context.sql(), id));
    if (rotation.wait == vault::RotationWait::retry && !context.state.rotations.contains(id))
      return std::optional(vault::DueRotation{rotation.account, rotation.cause, id});
    wanted.erase(wanted.begin());
  }
  return std::optional<vault::DueRotation>{};
}

/// The first that is due and that no rotator has.
Result<std::optional<vault::DueRotation>> next_due(Context& context) {
  SALLYPORT_TRY(auto wanted, next_wanted(context));
  if (wanted) return wanted;
  SALLYPORT_TRY(auto due, vault::due_rotations(context.sql(), context.now));
  for (auto& one : due) {
    if (!one.open || !context.state.rotations.contains(*one.open)) return std::optional(std::move(one));
  }
  return std::optional<vault::DueRotation>{};
}

Result<vault::Rotation> open_rotation(Context& context, const vault::DueRotation& due, const vault::Account& account) {
  if (due.open) return vault::resume_rotation(context.sql(), *due.open, context.now);
  base::SecretBytes key;
  if (account.kind == vault::AccountKind::ssh_key) {
    SALLYPORT_TRY(auto pair, certs::generate_ssh_key("sallyport:" + account.name.text()));
    key = std::move(pair.private_pem);
  }
  return vault::begin_rotation(context.tx, context.keys(), account.id, due.cause, key.empty() ? nullptr : &key, {},
                               context.now);
}

Result<> fill_reconcile(Context& context, Record& out, const vault::Account& account) {
  if (!account.reconcile) return base::ok();
  SALLYPORT_TRY(const auto helper, vault::get_account(context.sql(), *account.reconcile));
  auto secret = vault::read_secret(context.tx, context.keys(), helper.id);
  if (!secret && secret.error().code() == Errc::not_found) return base::ok();
  if (!secret) return std::move(secret).error();
  out.set("reconcile_login", helper.login).set("reconcile_kind", vault::to_string(helper.kind));
  out.set("reconcile_secret", std::move(secret).value());
  return base::ok();
}

/// In state `promoted` the new secret is current already, and the old one has to be taken off the target: the newest of
/// the history is then what `current` means to the rotator.
Result<> fill_secrets(Context& context, Record& out, const vault::Rotation& rotation) {
  const auto& account = rotation.account;
  const bool promoted = rotation.state == "promoted";
  auto fresh = vault::read_secret(context.tx, context.keys(), account,
                                  promoted ? vault::SecretState::current : vault::SecretState::pending);
  if (!fresh) return std::move(fresh).error();
  out.set("pending", std::move(fresh).value());
  auto old = promoted ? (rotation.version > 1
                             ? vault::read_secret_version(context.tx, context.keys(), account, rotation.version - 1)
                             : Result<base::SecretBytes>(fail(Errc::not_found, "none")))
                      : vault::read_secret(context.tx, context.keys(), account);
  if (!old && old.error().code() != Errc::not_found) return std::move(old).error();
  out.set("current", old ? std::move(old).value() : base::SecretBytes());
  return base::ok();
}

Result<> fill_job(Context& context, Record& out, const vault::Rotation& rotation, const vault::Account& account) {
  SALLYPORT_TRY(const auto target, vault::get_target(context.sql(), account.target));
  out.set("id", rotation.id.text()).set("account", account.name.text()).set("kind", vault::to_string(account.kind));
  out.set("journal", rotation.journal.empty() ? rotation::encode(rotation::Journal{}) : rotation.journal)
      .set("host", target.host)
      .set("port", std::uint64_t{target.port})
      .set("login", account.login);
  out.set_list("host_keys");
  for (const auto& key : target.host_keys) out.add("host_keys").set("key", key.blob());
  SALLYPORT_TRYV(fill_secrets(context, out, rotation));
  return fill_reconcile(context, out, account);
}

Result<Record> next(Context& context, Record&) {
  const auto peer = context.request.peer.id;
  SALLYPORT_TRY(const auto due, next_due(context));
  if (!due) {
    context.quiet = true;
    context.after_commit([&state = context.state, peer](auto&) { state.rotators.insert(peer); });
    return answer(context);
  }
  SALLYPORT_TRY(const auto account, vault::get_account(context.sql(), due->account));
  SALLYPORT_TRY(const auto rotation, open_rotation(context, *due, account));
  context.object = "account:" + account.name.text();
  context.detail = "rotation " + rotation.id.text() + " (" + std::string(vault::to_string(rotation.cause)) +
                   "), state " + rotation.state;
  Record out = answer(context);
  SALLYPORT_TRYV(fill_job(context, out, rotation, account));
  context.after_commit([&state = context.state, id = rotation.id, peer](auto&) { state.rotations.emplace(id, peer); });
  return out;
}

Result<> end_run(Context& context, const vault::Rotation& rotation, std::string_view end, const Record& input) {
  context.after_commit([&state = context.state, id = rotation.id](auto&) { state.rotations.erase(id); });
  if (end != "retry_later" && end != "blocked") return base::ok();
  const auto wait = end == "blocked" ? vault::RotationWait::blocked : vault::RotationWait::retry;
  SALLYPORT_TRYV(vault::pause_rotation(context.sql(), rotation.id, wait, input.text("outcome"), input.text("detail"),
                                       context.now));
  return base::ok();
}

Result<Record> record(Context& context, Record& input) {
  SALLYPORT_TRY(const auto id, base::RotationId::parse(input.text("id")));
  const auto given = context.state.rotations.find(id);
  if (given == context.state.rotations.end() || given->second != context.request.peer.id) {
    return fail(Errc::denied, "that rotation was not given to this rotator");
  }
  SALLYPORT_TRY(const auto journal, rotation::decode_journal(input.text("journal")));
  SALLYPORT_TRY(auto current, vault::get_rotation(context.sql(), id));
  SALLYPORT_TRY(const auto account, vault::get_account(context.sql(), current.account));
  context.object = "account:" + account.name.text();
  context.detail = "rotation " + id.text() + ": " + std::string(rotation::to_string(journal.state)) + ", " +
                   std::string(input.text("outcome"));
  if (!current.finished) {
    const vault::RotationStep step{rotation::to_string(journal.state), input.text("journal"), input.text("outcome"),
                                   input.text("detail")};
    SALLYPORT_TRYV(vault::record_rotation(context.sql(), id, step, context.now));
  }
  if (input.has("end")) {
    context.detail += "; " + std::string(input.text("end"));
    SALLYPORT_TRYV(end_run(context, current, input.text("end"), input));
  }
  return answer(context);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::rotate, rotate},
    {OperationId::rotation_list, list},
    {OperationId::rotation_show, show},
    {OperationId::rotation_next, next},
    {OperationId::rotation_record, record},
});

}  // namespace

Result<bool> rotation_is_due(Context& context) {
  SALLYPORT_TRY(const auto due, next_due(context));
  return due.has_value();
}

std::span<const HandlerRow> rotation_handlers() { return kRows; }

}  // namespace sallyport::app
