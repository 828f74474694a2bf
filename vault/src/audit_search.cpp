#include "sallyport/vault/audit_search.hpp"

#include <algorithm>

namespace sallyport::vault {
namespace {

bool holds(std::string_view text, std::string_view part) { return part.empty() || text.find(part) != text.npos; }

// "user:alice" is alice.
std::string_view after_colon(std::string_view text) {
  const auto colon = text.find(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

bool is_actor(std::string_view actor, std::string_view wanted) {
  return wanted.empty() || actor == wanted || after_colon(actor) == wanted;
}

bool is_action(std::string_view action, std::string_view wanted) {
  if (wanted.empty() || action == wanted) return true;
  return action.starts_with(wanted) && (wanted.ends_with('.') || action.substr(wanted.size()).starts_with('.'));
}

bool is_on_target(std::string_view object, std::string_view wanted) {
  if (wanted.empty()) return true;
  if (object.starts_with("target:")) return after_colon(object) == wanted;
  return object.ends_with("@" + std::string(wanted));
}

bool is_source(std::string_view source, std::string_view wanted) {
  return wanted.empty() || source == wanted ||
         (source.starts_with(wanted) && source.substr(wanted.size()).starts_with(':'));
}

base::Result<Statement> rows_of(Transaction& transaction, const AuditQuery& query) {
  const auto most = static_cast<std::int64_t>(kAuditRowsAtOnce);
  if (query.from)
    return transaction.query("SELECT number, event FROM audit_entry WHERE number >= $1 ORDER BY number LIMIT $2",
                             std::min<std::uint64_t>(*query.from, INT64_MAX), most);
  return transaction.query("SELECT number, event FROM audit_entry WHERE number < $1 ORDER BY number DESC LIMIT $2",
                           std::min<std::uint64_t>(query.before, INT64_MAX), most);
}

}  // namespace

bool AuditFilter::matches(const audit::Event& event) const {
  if (outcome && event.outcome != *outcome) return false;
  if (since && event.at < *since) return false;
  if (until && event.at >= *until) return false;
  return is_actor(event.actor, actor) && is_action(event.action, action) && holds(event.object, object) &&
         is_on_target(event.object, target) && is_source(event.source, source) &&
         (holds(event.rule, reason) || holds(event.detail, reason));
}

base::Result<AuditFound> search_audit(Transaction& transaction, const AuditQuery& query) {
  AuditFound found;
  SALLYPORT_TRY(auto rows, rows_of(transaction, query));
  std::size_t read = 0;
  std::uint64_t last = 0;
  while (found.entries.size() < query.limit) {
    SALLYPORT_TRY(const bool row, rows.next());
    if (!row) break;
    ++read;
    last = static_cast<std::uint64_t>(rows.integer(0));
    SALLYPORT_TRY(auto event, audit::decode(rows.blob(1)));
    if (query.filter.matches(event)) found.entries.push_back({last, std::move(event)});
  }
  const bool more = found.entries.size() == query.limit || read == kAuditRowsAtOnce;
  if (query.from && more) found.next = last + 1;
  if (!query.from && more && last > 0) found.next = last;
  if (!query.from) std::reverse(found.entries.begin(), found.entries.end());
  return found;
}

}  // namespace sallyport::vault
