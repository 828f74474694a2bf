#pragma once
// The tables of targets, accounts, secrets, checkouts, passcodes, sessions and rotations.
#include "sallyport/vault/migration.hpp"

namespace sallyport::vault {

/// Series "domain". To be given to Vault::open(), before that of `access`. Lives as long as the program.
MigrationSeries domain_schema() noexcept;

}  // namespace sallyport::vault
