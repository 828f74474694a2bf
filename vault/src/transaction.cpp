#include "sallyport/vault/transaction.hpp"

#include <utility>

#include "statement_cache.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;

struct SavepointSql {
  std::string_view begin, back, release;
};
constexpr SavepointSql kSavepoints[Transaction::kMaxSavepoints] = {
    {"SAVEPOINT s1", "ROLLBACK TO SAVEPOINT s1", "RELEASE SAVEPOINT s1"},
    {"SAVEPOINT s2", "ROLLBACK TO SAVEPOINT s2", "RELEASE SAVEPOINT s2"},
    {"SAVEPOINT s3", "ROLLBACK TO SAVEPOINT s3", "RELEASE SAVEPOINT s3"},
    {"SAVEPOINT s4", "ROLLBACK TO SAVEPOINT s4", "RELEASE SAVEPOINT s4"},
    {"SAVEPOINT s5", "ROLLBACK TO SAVEPOINT s5", "RELEASE SAVEPOINT s5"},
    {"SAVEPOINT s6", "ROLLBACK TO SAVEPOINT s6", "RELEASE SAVEPOINT s6"},
    {"SAVEPOINT s7", "ROLLBACK TO SAVEPOINT s7", "RELEASE SAVEPOINT s7"},
    {"SAVEPOINT s8", "ROLLBACK TO SAVEPOINT s8", "RELEASE SAVEPOINT s8"}};

/// Broken rules of the schema touch one statement; anything else may have touched the store.
bool heals(Errc code) noexcept { return code == Errc::exists || code == Errc::conflict; }

}  // namespace

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      failure_(std::move(other.failure_)),
      lost_(other.lost_),
      depth_(other.depth_),
      opened_(other.opened_),
      bare_above_(other.bare_above_) {}

Transaction::~Transaction() { rollback(); }

base::Result<> Transaction::check() const {
  SALLYPORT_ENSURE(open());
  if (failure_) return *failure_;
  return base::ok();
}

base::Error Transaction::failed(base::Error error) {
  lost_ = lost_ || !heals(error.code()) || !database_->connection_->in_transaction();
  if (!failure_) failure_ = error;
  return error;
}

base::Result<Statement> Transaction::query_list(Sql sql, std::span<const Param> params) {
  SALLYPORT_TRYV(check());
  auto use = std::make_unique<Statement::Use>();
  CachedStatement& entry = database_->cache_->entries[sql.text().data()];
  if (!entry.statement || entry.taken) {
    auto prepared = database_->connection_->prepare(sql.text());
    if (!prepared) return failed(prepared.error());
    (entry.statement ? use->own : entry.statement) = std::move(prepared).value();
  }
  if (!use->own) {
    use->cached = &entry;
    entry.taken = true;
  }
  if (auto bound = use->get().bind(params); !bound) return failed(bound.error());
  return Statement(*this, std::move(use));
}

base::Result<> Transaction::open_savepoints() {
  for (; opened_ < depth_; ++opened_) {
    auto done = database_->connection_->script(kSavepoints[opened_].begin);
    if (!done) return failed(done.error());
  }
  return base::ok();
}

base::Result<std::int64_t> Transaction::execute_list(Sql sql, std::span<const Param> params) {
  SALLYPORT_TRYV(check());
  SALLYPORT_TRYV(open_savepoints());
  return run_list(sql, params);
}

base::Result<std::int64_t> Transaction::execute_last_list(Sql sql, std::span<const Param> params) {
  SALLYPORT_TRY(const auto changed, run_list(sql, params));
  if (opened_ < depth_ && opened_ < bare_above_) bare_above_ = opened_;
  return changed;
}

base::Result<std::int64_t> Transaction::run_list(Sql sql, std::span<const Param> params) {
  SALLYPORT_TRY(auto statement, query_list(sql, params));
  SALLYPORT_TRY(const bool row, statement.next());
  SALLYPORT_ENSURE(!row);  // a SELECT belongs in query()
  return statement.driver().changed_rows();
}

base::Result<> Transaction::script(Sql sql) {
  SALLYPORT_TRYV(check());
  SALLYPORT_TRYV(open_savepoints());
  if (auto done = database_->connection_->script(sql.text()); !done) return failed(done.error());
  return base::ok();
}

base::Result<> Transaction::savepoint() {
  SALLYPORT_TRYV(check());
  SALLYPORT_ENSURE(depth_ < kMaxSavepoints);
  ++depth_;
  return base::ok();
}

base::Result<> Transaction::rollback_to_savepoint() {
  SALLYPORT_ENSURE(open() && depth_ > 0);
  if (lost_) return *failure_;
  if (depth_ > bare_above_) {
    lost_ = true;
    failure_ = base::fail(Errc::internal, "what was written last was refused afterwards");
    return *failure_;
  }
  if (opened_ == depth_) {
    auto done = database_->connection_->script(kSavepoints[depth_ - 1].back);
    if (!done) return failed(done.error());
  }
  failure_.reset();
  return base::ok();
}

base::Result<> Transaction::release_savepoint() {
  SALLYPORT_TRYV(check());
  SALLYPORT_ENSURE(depth_ > 0);
  if (opened_ == depth_) {
    auto done = database_->connection_->script(kSavepoints[depth_ - 1].release);
    if (!done) return failed(done.error());
    --opened_;
  }
  if (--depth_ <= bare_above_) bare_above_ = kMaxSavepoints;
  return base::ok();
}

base::Result<> Transaction::commit() {
  const auto fit = check();
  SALLYPORT_ENSURE(!fit || depth_ == 0);
  const auto done = fit ? database_->connection_->commit() : fit;
  if (!done) {
    rollback();
    return done.error();
  }
  end();
  return base::ok();
}

void Transaction::rollback() noexcept {
  if (!open()) return;
  database_->connection_->rollback();
  end();
}

void Transaction::end() noexcept { std::exchange(database_, nullptr)->busy_ = false; }

}  // namespace sallyport::vault
