#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "handler.hpp"
#include "sallyport/audit/checkpoint.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kPiece = 256U << 10U;
constexpr std::size_t kMaxExports = 4;
constexpr base::Seconds kExportLife{60};

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

Result<Record> list(Context& context, Record& input) {
  const auto size = context.state.vault->audit().size();
  const auto limit = page_size(input);
  const auto from = input.has("after") ? input.number("after") : size - std::min<std::uint64_t>(size, limit);
  SALLYPORT_TRY(const auto entries, context.state.vault->audit().entries(context.sql(), from, limit));
  Record out = answer(context);
  out.set("size", size).set_list("events");
  for (const auto& entry : entries) fill(out.add("events"), entry);
  return out;
}

/// The log as of now, in a file without a name: pieces of one export agree with each other.
Result<std::shared_ptr<AuditExport>> write_export(Context& context) {
  base::UniqueFd file(::open(context.state.config.data.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) return base::fail_errno("making a file for the export", errno);
  SALLYPORT_TRYV(context.state.vault->audit().export_to(context.sql(), file.get()));
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) return base::fail_errno("reading the export", errno);
  return std::make_shared<AuditExport>(
      AuditExport{std::move(file), static_cast<std::uint64_t>(size), context.actor, context.now.mono});
}

Result<std::shared_ptr<AuditExport>> begin_export(Context& context) {
  auto& exports = context.state.exports;
  std::erase_if(exports, [&](const auto& entry) { return context.now.mono - entry.second->used > kExportLife; });
  if (exports.size() >= kMaxExports) return fail(Errc::limit, "other exports are being read; try again in a minute");
  SALLYPORT_TRY(auto made, write_export(context));
  context.detail = std::to_string(made->size) + " bytes";
  return made;
}

Result<std::shared_ptr<AuditExport>> find_export(Context& context, std::uint64_t number) {
  const auto found = context.state.exports.find(number);
  if (found == context.state.exports.end() || found->second->reader != context.actor) {
    return fail(Errc::not_found, "that export is over; start again");
  }
  found->second->used = context.now.mono;
  return found->second;
}

Result<base::Bytes> read_piece(const AuditExport& from, std::uint64_t offset) {
  base::Bytes piece(std::min<std::uint64_t>(kPiece, from.size - offset));
  std::size_t done = 0;
  while (done < piece.size()) {
    const auto got =
        ::pread(from.file.get(), piece.data() + done, piece.size() - done, static_cast<off_t>(offset + done));
    if (got <= 0) return base::fail_errno("reading the export", errno);
    done += static_cast<std::size_t>(got);
  }
  return piece;
}

Result<Record> export_log(Context& context, Record& input) {
  context.object = "audit";
  const bool fresh = !input.has("export");
  const std::uint64_t number = fresh ? ++context.state.last_export : input.number("export");
  SALLYPORT_TRY(const auto from, fresh ? begin_export(context) : find_export(context, number));
  context.quiet = !fresh;  // said when the export began
  if (fresh)
    context.after_commit([&state = context.state, number, from](auto&) { state.exports.emplace(number, from); });
  const auto offset = input.number("offset");
  if (offset > from->size) return fail(Errc::invalid, "offset is beyond the file's end");
  SALLYPORT_TRY(auto piece, read_piece(*from, offset));
  Record out = answer(context);
  const auto next = offset + piece.size();
  out.set("export", number).set("size", from->size).set("key", log_key(context)).set("data", std::move(piece));
  if (next < from->size) out.set("next", next);
  return out;
}

Result<Record> verify(Context& context, Record&) {
  context.object = "audit";
  SALLYPORT_TRY(const auto report, context.state.vault->audit().verify(context.sql()));
  context.detail = report.text();
  Record out = answer(context);
  out.set_flag("ok", report.intact()).set("entries", report.entries).set("checkpoints", report.checkpoints);
  out.set("root", base::hex(report.root)).set("key", log_key(context));
  if (!report.intact()) out.set("problem", base::escape_text(report.text(), 1000));
  return out;
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::audit_list, list},
    {OperationId::audit_export, export_log},
    {OperationId::audit_verify, verify},
});

}  // namespace

std::span<const HandlerRow> audit_handlers() { return kRows; }

}  // namespace sallyport::app
