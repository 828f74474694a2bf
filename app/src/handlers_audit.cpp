#include <algorithm>
#include <array>

#include "handler.hpp"
#include "sallyport/audit/checkpoint.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/audit_search.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kPiece = 256U << 10U;
constexpr std::size_t kMaxBegun = 64;

std::string log_key(Context& context) { return audit::format_verifier_key(context.state.vault->audit().public_key()); }

void fill(Record& out, const vault::AuditEntry& entry) {
  const auto& event = entry.event;
  out.set("index", entry.number).set("at", millis(event.at)).set("actor", event.actor).set("action", event.action);
  out.set("object", event.object)
      .set("source", event.source)
      .set("rule", event.rule)
      .set("request_id", event.request_id);
  out.set("outcome", audit::to_string(event.outcome)).set("detail", event.detail);
}

Result<vault::AuditFilter> filter_of(const Record& input) {
  vault::AuditFilter filter;
  filter.actor = input.text("actor");
  filter.action = input.text("action");
  filter.object = input.text("object");
  filter.target = input.text("target");
  filter.source = input.text("source");
  filter.reason = input.text("reason");
  filter.since = time_of(input, "since");
  filter.until = time_of(input, "until");
  if (!input.has("outcome")) return filter;
  for (const auto outcome : {audit::Outcome::ok, audit::Outcome::denied, audit::Outcome::failed}) {
    if (audit::to_string(outcome) == input.text("outcome")) filter.outcome = outcome;
  }
  if (!filter.outcome) return fail(Errc::invalid, "an outcome is ok, denied or failed");
  return filter;
}

Result<Record> list(Context& context, Record& input) {
  const auto size = context.state.vault->audit().size();
  vault::AuditQuery query{.from = {}, .before = size, .filter = {}, .limit = page_size(input)};
  if (input.has("after")) query.from = input.number("after");
  if (input.has("before")) query.before = input.number("before");
  SALLYPORT_TRY(query.filter, filter_of(input));
  SALLYPORT_TRY(const auto found, vault::search_audit(context.sql(), query));
  Record out = answer(context);
  out.set("size", size).set_list("events");
  if (query.filter == vault::AuditFilter{} && !input.has("after") && !input.has("before")) out.set("total", size);
  for (const auto& entry : found.entries) fill(out.add("events"), entry);
  if (found.next) out.set("next", *found.next);
  return out;
}

/// Which log: the one of now, whose size names the export, or the one of an export that goes on. Whoever takes it is
/// said once; should that be forgotten (a vault started again), once more.
Result<std::uint64_t> exported_size(Context& context, const Record& input) {
  const auto now = context.state.vault->audit().size();
  const auto size = input.has("export") ? input.number("export") : now;
  if (size == 0 || size > now) return fail(Errc::not_found, "there is no such export; start again");
  auto& begun = context.state.exports;
  const BegunExport mine{context.actor, size};
  context.quiet = input.has("export") && std::ranges::find(begun, mine) != begun.end();
  if (context.quiet) return size;
  context.detail = std::to_string(size) + " entries";
  if (input.number("offset") > 0) context.detail += ", from entry " + std::to_string(input.number("offset")) + " on";
  context.after_commit([&begun, mine](auto&) {
    if (begun.size() >= kMaxBegun) begun.erase(begun.begin());
    begun.push_back(mine);
  });
  return size;
}

Result<Record> export_log(Context& context, Record& input) {
  context.object = "audit";
  SALLYPORT_TRY(const auto size, exported_size(context, input));
  const auto from = input.number("offset");
  if (from >= size) return fail(Errc::invalid, "offset is beyond the export's end");
  SALLYPORT_TRY(auto piece, context.state.vault->audit().export_piece(context.sql(), from, size, kPiece));
  Record out = answer(context);
  out.set("export", size).set("size", size).set("key", log_key(context)).set("data", std::move(piece.data));
  if (piece.next < size) out.set("next", piece.next);
  return out;
}

Result<Record> verify(Context& context, Record&) {
  context.object = "audit";
  SALLYPORT_TRY(const auto report, context.state.vault->audit().verify(context.sql()));
  context.detail = report.text();
  const auto& rollback = context.state.vault->rollback_warning();
  Record out = answer(context);
  out.set_flag("ok", report.intact() && !rollback)
      .set("entries", report.entries)
      .set("checkpoints", report.checkpoints);
  out.set("root", base::hex(report.root)).set("key", log_key(context));
  if (!report.intact())
    out.set("problem", base::escape_text(report.text(), 1000));
  else if (rollback)
    out.set("problem", base::escape_text("a rollback is suspected and not acknowledged: " + *rollback, 1000));
  return out;
}

/// Whoever could put the store back could do this too, were it not for the log: who did it, when and why stays.
Result<Record> acknowledge(Context& context, Record& input) {
  context.object = "audit";
  const auto& rollback = context.state.vault->rollback_warning();
  if (!rollback) return fail(Errc::conflict, "no rollback is suspected; there is nothing to acknowledge");
  context.detail = "rollback: " + *rollback + "; " + std::string(input.text("reason"));
  Record out = answer(context);
  out.set("warning", base::escape_text(*rollback, 500));
  SALLYPORT_TRYV(context.state.vault->acknowledge_rollback(context.tx));
  context.after_commit([&state = context.state](auto&) {
    if (state.vault) state.vault->forget_rollback_warning();
  });
  return out;
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::audit_list, list},
    {OperationId::audit_export, export_log},
    {OperationId::audit_verify, verify},
    {OperationId::audit_acknowledge, acknowledge},
});

}  // namespace

std::span<const HandlerRow> audit_handlers() { return kRows; }

}  // namespace sallyport::app
