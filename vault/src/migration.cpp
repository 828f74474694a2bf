#include "sallyport/vault/migration.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;

base::Result<> make_version_table(Database& database) {
  SALLYPORT_TRY(auto transaction, database.begin());
  SALLYPORT_TRYV(transaction.execute(
      "CREATE TABLE IF NOT EXISTS schema_version(module TEXT PRIMARY KEY NOT NULL, number BIGINT NOT NULL)"));
  return transaction.commit();
}

base::Result<> set_version(Transaction& transaction, std::string_view module, int number) {
  SALLYPORT_TRY(const auto changed,
                transaction.execute("UPDATE schema_version SET number = $1 WHERE module = $2", number, module));
  if (changed == 1) return base::ok();
  SALLYPORT_TRYV(transaction.execute("INSERT INTO schema_version(module, number) VALUES($1, $2)", module, number));
  return base::ok();
}

base::Result<int> current_version(Database& database, std::string_view module) {
  SALLYPORT_TRY(auto transaction, database.begin(Access::read));
  return schema_version(transaction, module);
}

base::Result<> refuse_newer(Database& database, const MigrationSeries& series) {
  SALLYPORT_TRY(const int have, current_version(database, series.module));
  const int known = static_cast<int>(series.list.size());
  if (have <= known) return base::ok();
  return base::fail(Errc::unsupported, database.name() + ": made by a newer Sallyport (" + std::string(series.module) +
                                           " schema " + std::to_string(have) + ", this program knows " +
                                           std::to_string(known) + "); run the newer program");
}

base::Result<> apply(Database& database, std::string_view module, const Migration& migration) {
  SALLYPORT_TRY(auto transaction, database.begin());
  SALLYPORT_TRYV(transaction.script(migration.script));
  SALLYPORT_TRYV(set_version(transaction, module, migration.number));
  return transaction.commit();
}

base::Result<> bring_up(Database& database, const MigrationSeries& series) {
  SALLYPORT_TRY(const int have, current_version(database, series.module));
  for (const Migration& migration : series.list.subspan(static_cast<std::size_t>(have))) {
    SALLYPORT_TRYV(apply(database, series.module, migration));
  }
  return base::ok();
}

void check_numbers(const MigrationSeries& series) {
  int expected = 1;
  for (const Migration& migration : series.list) SALLYPORT_ENSURE(migration.number == expected++);
}

}  // namespace

base::Result<int> schema_version(Transaction& transaction, std::string_view module) {
  SALLYPORT_TRY(auto rows, transaction.query("SELECT number FROM schema_version WHERE module = $1", module));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? static_cast<int>(rows.integer(0)) : 0;
}

base::Result<> migrate(Database& database, std::span<const MigrationSeries> series) {
  for (const MigrationSeries& one : series) check_numbers(one);
  SALLYPORT_TRYV(make_version_table(database));
  // All are asked before any is changed.
  for (const MigrationSeries& one : series) {
    SALLYPORT_TRYV(refuse_newer(database, one));
  }
  for (const MigrationSeries& one : series) {
    SALLYPORT_TRYV(bring_up(database, one));
  }
  return base::ok();
}

}  // namespace sallyport::vault
