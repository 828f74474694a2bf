#pragma once
// A connection with its prepared statements. Single writer: the vault process has one Database that writes.
#include <memory>

#include "sallyport/vault/driver.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

/// Owns the connection and caches one prepared statement for each SQL literal. One owner thread; one Transaction at a
/// time. Must outlive, and not move while there are, its Transactions and Statements (hence not movable at all).
class Database {
 public:
  explicit Database(std::unique_ptr<DriverConnection> connection);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Errc::unavailable when another process holds the write lock. A second transaction at once is our bug.
  base::Result<Transaction> begin(Access access = Access::write);
  const std::string& name() const noexcept { return connection_->name(); }

 private:
  friend class Transaction;
  friend class Statement;
  struct Cache;

  std::unique_ptr<DriverConnection> connection_;
  std::unique_ptr<Cache> cache_;
  bool busy_ = false;
};

}  // namespace sallyport::vault
