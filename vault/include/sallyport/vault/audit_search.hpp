#pragma once
// Looking something up in the audit log. Events are stored as they were hashed, without columns of their own: an index
// would cost every commit, and a look costs only who looks. So a search reads rows, a bounded number at once, and says
// where to go on.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/vault/audit_log.hpp"

namespace sallyport::vault {

struct AuditFilter {
  // Empty is any.
  std::string actor;   ///< "alice", "user:alice"
  std::string action;  ///< "checkout.create", or the beginning up to a dot: "checkout"
  std::string object;  ///< found anywhere in it
  std::string target;  ///< "web1": the object is that target, or an account on it
  std::string source;  ///< the address, with or without the event's port
  std::string reason;  ///< found in the rule or the detail
  std::optional<audit::Outcome> outcome;
  std::optional<base::WallTime> since;  ///< then or later
  std::optional<base::WallTime> until;  ///< before

  bool operator==(const AuditFilter&) const = default;
  bool matches(const audit::Event& event) const;
};

/// Which entries, and in which direction: from `from` on, or else before `before`, newest first.
struct AuditQuery {
  std::optional<std::uint64_t> from;
  std::uint64_t before = 0;
  AuditFilter filter;
  std::size_t limit = 100;  ///< entries in the answer
};

struct AuditFound {
  std::vector<AuditEntry> entries;    ///< in the log's order
  std::optional<std::uint64_t> next;  ///< the `from` or `before` to go on with; absent at the log's end or beginning
};

inline constexpr std::size_t kAuditRowsAtOnce = 4000;  ///< read in one call

base::Result<AuditFound> search_audit(Transaction& transaction, const AuditQuery& query);

}  // namespace sallyport::vault
