#pragma once
// Numbered changes of the schema, one series a module. Each is one transaction: a kill leaves the old or the new.
#include <span>
#include <string_view>

#include "sallyport/vault/database.hpp"

namespace sallyport::vault {

/// Never edited once released: a change is a new number.
struct Migration {
  int number;  ///< 1, 2, 3 ... without a gap
  Sql script;  ///< constant SQL in the common subset
};

struct MigrationSeries {
  std::string_view module;  ///< "vault", "access"
  std::span<const Migration> list;
};

/// Brings every series up to date, in the order given. Errc::unsupported if the store has a number that the series does
/// not know (a newer program made it): nothing is changed then.
base::Result<> migrate(Database& database, std::span<const MigrationSeries> series);

/// The last applied number of a module; 0 for none.
base::Result<int> schema_version(Transaction& transaction, std::string_view module);

}  // namespace sallyport::vault
