#pragma once
// The core's own tables (docs/vault_format.md, "Tables of the core").
#include "sallyport/vault/migration.hpp"

namespace sallyport::vault {

inline constexpr Migration kCoreMigrations[] = {{1, R"(
CREATE TABLE vault_meta(name TEXT PRIMARY KEY NOT NULL, value BYTEA NOT NULL);
CREATE TABLE vault_kek(version BIGINT PRIMARY KEY NOT NULL, wrapped BYTEA NOT NULL, created_ms BIGINT NOT NULL);
CREATE TABLE audit_entry(number BIGINT PRIMARY KEY NOT NULL, event BYTEA NOT NULL, leaf BYTEA NOT NULL);
CREATE TABLE audit_frontier(id BIGINT PRIMARY KEY NOT NULL, frontier BYTEA NOT NULL);
CREATE TABLE audit_checkpoint(size BIGINT PRIMARY KEY NOT NULL, text BYTEA NOT NULL);
)"}};

inline constexpr MigrationSeries kCoreSeries{"vault", kCoreMigrations};

}  // namespace sallyport::vault
