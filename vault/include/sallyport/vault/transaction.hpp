#pragma once
// What repositories work on. A change is there after commit() or not at all.
#include <array>
#include <optional>
#include <span>

#include "sallyport/base/result.hpp"
#include "sallyport/vault/statement.hpp"

namespace sallyport::vault {

class Database;

/// One transaction; rolled back when it is destroyed before commit(). Not moved while a Statement of it is open. One
/// owner thread.
///
/// After a statement failed, every call but rollback_to_savepoint() returns that same error (as in PostgreSQL): a
/// broken rule of the schema (exists, conflict) heals by rolling back to a savepoint, a failure of the store
/// (unavailable, corrupt) does not heal, and the whole transaction is lost.
class Transaction {
 public:
  static constexpr int kMaxSavepoints = 8;

  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Runs an INSERT, UPDATE, DELETE (or DDL); returns how many rows it changed. The compare-and-set idiom is
  /// `execute("UPDATE .. WHERE id = $1 AND state = $2", ..) == 1`.
  template <class... Params>
  base::Result<std::int64_t> execute(Sql sql, const Params&... params) {
    return execute_list(sql, std::array<Param, sizeof...(Params)>{Param(params)...});
  }
  /// The same for a request's only write, after which nothing is refused any more. A statement is whole or not at all,
  /// so it needs no savepoint, which would keep (and encrypt) a copy of every page that it touches. Should this be
  /// rolled back to a savepoint all the same, the whole transaction is lost: nothing of it happened.
  template <class... Params>
  base::Result<std::int64_t> execute_last(Sql sql, const Params&... params) {
    return execute_last_list(sql, std::array<Param, sizeof...(Params)>{Param(params)...});
  }
  /// Runs a SELECT. Statements may be open side by side, also of one text.
  template <class... Params>
  base::Result<Statement> query(Sql sql, const Params&... params) {
    return query_list(sql, std::array<Param, sizeof...(Params)>{Param(params)...});
  }
  /// Several statements without parameters: migrations.
  base::Result<> script(Sql sql);

  /// Savepoints nest, at most kMaxSavepoints deep; the two below work on the innermost. Open Statements must be gone.
  /// The store is asked for one only when something is written in it.
  base::Result<> savepoint();
  /// Undoes what happened since, and keeps the savepoint open: release it afterwards.
  base::Result<> rollback_to_savepoint();
  base::Result<> release_savepoint();
  int savepoints() const noexcept { return depth_; }

  /// Durable when it returns success. After a failure nothing of this transaction is in the store, and the
  /// transaction is over either way. Every savepoint must have been released.
  base::Result<> commit();
  void rollback() noexcept;
  bool open() const noexcept { return database_ != nullptr; }

 private:
  friend class Database;
  friend class Statement;
  explicit Transaction(Database& database) noexcept : database_(&database) {}
  base::Result<std::int64_t> execute_list(Sql sql, std::span<const Param> params);
  base::Result<std::int64_t> execute_last_list(Sql sql, std::span<const Param> params);
  base::Result<std::int64_t> run_list(Sql sql, std::span<const Param> params);
  base::Result<> open_savepoints();
  base::Result<Statement> query_list(Sql sql, std::span<const Param> params);
  base::Result<> check() const;
  base::Error failed(base::Error error);
  void end() noexcept;

  Database* database_;
  std::optional<base::Error> failure_;
  bool lost_ = false;  // the failure does not heal
  int depth_ = 0;
  int opened_ = 0;                   // of depth_, those that the store knows
  int bare_above_ = kMaxSavepoints;  // in savepoints deeper than this stands a write that can't be undone
};

}  // namespace sallyport::vault
