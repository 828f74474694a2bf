#pragma once
// A batch of operations and their audit events in one durable transaction: both are there, or neither.
#include <memory>
#include <vector>

#include "sallyport/audit/event.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

class AuditLog;

/// Begun by Vault::begin(). Rolled back when destroyed before commit(). One owner thread. Shape of a batch:
///   savepoint(); handler(sql()); on failure { rollback_to_savepoint(); } append(event); release_savepoint(); ...
///   commit()
/// Release a secret, or answer success, only after commit() returned success.
class AuditedTransaction {
 public:
  AuditedTransaction(AuditedTransaction&&) noexcept = default;
  AuditedTransaction& operator=(AuditedTransaction&&) = delete;

  /// For repositories. Do not use its savepoint and commit functions: they know nothing of events.
  Transaction& sql() noexcept { return transaction_; }

  /// Joins the log at commit(), in this order. Encoded here: texts are escaped and cut at their limits.
  void append(const audit::Event& event);

  base::Result<> savepoint();
  /// Drops the events appended since, too.
  base::Result<> rollback_to_savepoint();
  base::Result<> release_savepoint();

  /// Writes the events, the Merkle frontier and one signed checkpoint, then commits durably. After a failure nothing of
  /// the batch happened, and the log stands where it stood.
  base::Result<> commit();
  void rollback() noexcept { transaction_.rollback(); }
  std::size_t pending() const noexcept { return events_.size(); }

 private:
  friend class Vault;
  AuditedTransaction(Transaction transaction, AuditLog& log) noexcept
      : transaction_(std::move(transaction)), log_(&log) {}

  Transaction transaction_;
  AuditLog* log_;
  std::vector<base::Bytes> events_;
  std::vector<std::size_t> marks_;
};

}  // namespace sallyport::vault
