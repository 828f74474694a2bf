#pragma once
// The tables of people, keys, tokens and roles.
#include "sallyport/vault/migration.hpp"

namespace sallyport::access {

/// Series "access", to be given to Vault::open() after vault::domain_schema(). Lives as long as the program.
vault::MigrationSeries schema() noexcept;

}  // namespace sallyport::access
