#include "sallyport/access/schema.hpp"

#include <array>

namespace sallyport::access {

namespace {

// Columns as in vault's domain: times end in _ms, a Moment is three columns, a Lease four.
constexpr vault::Sql kPeople = R"(
CREATE TABLE person (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  disabled BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  removed_ms BIGINT
);
CREATE UNIQUE INDEX person_name ON person (name) WHERE removed_ms IS NULL;
CREATE TABLE password (
  person_id TEXT PRIMARY KEY REFERENCES person (id),
  memory BIGINT NOT NULL,
  passes BIGINT NOT NULL,
  salt BYTEA NOT NULL,
  hash BYTEA NOT NULL
);
CREATE TABLE password_failures (
  person_id TEXT PRIMARY KEY REFERENCES person (id),
  failures BIGINT NOT NULL,
  lease_wall_ms BIGINT NOT NULL,
  lease_mono_ms BIGINT NOT NULL,
  lease_boot TEXT NOT NULL,
  lease_ms BIGINT NOT NULL
);
CREATE TABLE login_key (
  fingerprint TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  blob BYTEA NOT NULL,
  comment TEXT NOT NULL,
  added_ms BIGINT NOT NULL
);
CREATE INDEX login_key_person ON login_key (person_id);
CREATE TABLE login_token (
  hash BYTEA PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  source TEXT NOT NULL,
  by_password BIGINT NOT NULL,
  by_key BIGINT NOT NULL,
  otp_wall_ms BIGINT,
  otp_mono_ms BIGINT,
  otp_boot TEXT,
  lease_wall_ms BIGINT NOT NULL,
  lease_mono_ms BIGINT NOT NULL,
  lease_boot TEXT NOT NULL,
  lease_ms BIGINT NOT NULL
);
CREATE INDEX login_token_person ON login_token (person_id);
)";

constexpr vault::Sql kRoles = R"(
CREATE TABLE role (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  accounts TEXT NOT NULL,
  actions BIGINT NOT NULL,
  channels BIGINT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE TABLE role_person (
  role_id TEXT NOT NULL REFERENCES role (id),
  person_id TEXT NOT NULL REFERENCES person (id),
  granted_ms BIGINT NOT NULL,
  PRIMARY KEY (role_id, person_id)
);
CREATE INDEX role_person_person ON role_person (person_id);
)";

// Failures are counted in the domain's table "guess" from here on. A sign-in has an end when it is not used, and what
// its code has stood for.
constexpr vault::Sql kSignIns = R"(
INSERT INTO guess (user_id, proof, lane, failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms)
  SELECT person_id, 1, '', failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms FROM password_failures;
DROP TABLE password_failures;
ALTER TABLE login_token ADD COLUMN code_spent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE login_token ADD COLUMN used_wall_ms BIGINT;
ALTER TABLE login_token ADD COLUMN used_mono_ms BIGINT;
ALTER TABLE login_token ADD COLUMN used_boot TEXT;
)";

constexpr std::array<vault::Migration, 3> kMigrations = {{{1, kPeople}, {2, kRoles}, {3, kSignIns}}};

}  // namespace

vault::MigrationSeries schema() noexcept { return {"access", kMigrations}; }

}  // namespace sallyport::access
