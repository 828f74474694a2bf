#include "sallyport/vault/domain_schema.hpp"

#include <array>

namespace sallyport::vault {

namespace {

// Times end in _ms (Unix, UTC) or are a Moment in three columns: _wall_ms, _mono_ms, _boot. Enumerations are stored by
// the numbers of their headers. Sealed values are the three columns of an Envelope.
constexpr Sql kTargets = R"(
CREATE TABLE target (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  host TEXT NOT NULL,
  port BIGINT NOT NULL,
  labels TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  removed_ms BIGINT
);
CREATE UNIQUE INDEX target_name ON target (name) WHERE removed_ms IS NULL;
CREATE TABLE target_host_key (
  target_id TEXT NOT NULL REFERENCES target (id),
  place BIGINT NOT NULL,
  blob BYTEA NOT NULL,
  PRIMARY KEY (target_id, place)
);
CREATE TABLE account (
  id TEXT PRIMARY KEY,
  target_id TEXT NOT NULL REFERENCES target (id),
  name TEXT NOT NULL,
  login TEXT NOT NULL,
  kind BIGINT NOT NULL,
  labels TEXT NOT NULL,
  exclusive BIGINT NOT NULL,
  max_duration_s BIGINT NOT NULL,
  rotate_after_reveal BIGINT NOT NULL,
  rotation_interval_s BIGINT NOT NULL,
  code_reuse_s BIGINT NOT NULL,
  reconcile_id TEXT REFERENCES account (id),
  created_ms BIGINT NOT NULL,
  removed_ms BIGINT
);
CREATE UNIQUE INDEX account_name ON account (target_id, name) WHERE removed_ms IS NULL;
CREATE TABLE secret (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  version BIGINT NOT NULL,
  state BIGINT NOT NULL,
  kek_version BIGINT NOT NULL,
  wrapped_dek BYTEA NOT NULL,
  sealed BYTEA NOT NULL,
  created_ms BIGINT NOT NULL,
  UNIQUE (account_id, version)
);
CREATE UNIQUE INDEX secret_current ON secret (account_id) WHERE state = 1;
CREATE UNIQUE INDEX secret_pending ON secret (account_id) WHERE state = 2;
)";

constexpr Sql kCheckouts = R"(
CREATE TABLE checkout (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  user_id TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  exclusive BIGINT NOT NULL,
  with_otp BIGINT NOT NULL,
  revealed BIGINT NOT NULL,
  made_wall_ms BIGINT NOT NULL,
  made_mono_ms BIGINT NOT NULL,
  made_boot TEXT NOT NULL,
  lease_wall_ms BIGINT NOT NULL,
  lease_mono_ms BIGINT NOT NULL,
  lease_boot TEXT NOT NULL,
  lease_ms BIGINT NOT NULL,
  state BIGINT NOT NULL,
  ended_ms BIGINT
);
CREATE UNIQUE INDEX checkout_exclusive ON checkout (account_id) WHERE state = 1 AND exclusive = 1;
CREATE UNIQUE INDEX checkout_active ON checkout (account_id, user_id) WHERE state = 1;
CREATE INDEX checkout_recent ON checkout (made_wall_ms, id);
CREATE TABLE totp (
  user_id TEXT NOT NULL,
  pending BIGINT NOT NULL,
  enrolment BIGINT NOT NULL,
  last_step BIGINT NOT NULL,
  kek_version BIGINT NOT NULL,
  wrapped_dek BYTEA NOT NULL,
  sealed BYTEA NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, pending)
);
CREATE TABLE totp_failures (
  user_id TEXT PRIMARY KEY,
  failures BIGINT NOT NULL,
  lease_wall_ms BIGINT NOT NULL,
  lease_mono_ms BIGINT NOT NULL,
  lease_boot TEXT NOT NULL,
  lease_ms BIGINT NOT NULL
);
)";

constexpr Sql kSessions = R"(
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  user_name TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account (id),
  account_name TEXT NOT NULL,
  target_id TEXT NOT NULL REFERENCES target (id),
  checkout_id TEXT REFERENCES checkout (id),
  source TEXT NOT NULL,
  how TEXT NOT NULL,
  started_ms BIGINT NOT NULL,
  ended_ms BIGINT,
  end_reason TEXT NOT NULL,
  recording BIGINT NOT NULL,
  file TEXT NOT NULL,
  checkpoint_sequence BIGINT,
  checkpoint_chain BYTEA,
  total_bytes BIGINT NOT NULL,
  total_ms BIGINT NOT NULL,
  total_chunks BIGINT NOT NULL,
  kek_version BIGINT NOT NULL,
  wrapped_dek BYTEA NOT NULL,
  sealed BYTEA NOT NULL
);
CREATE INDEX session_recent ON session (started_ms, id);
CREATE INDEX session_open ON session (started_ms) WHERE ended_ms IS NULL;
CREATE TABLE rotation (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  cause BIGINT NOT NULL,
  state TEXT NOT NULL,
  journal TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL,
  version BIGINT NOT NULL,
  wait BIGINT NOT NULL,
  pauses BIGINT NOT NULL,
  retry_ms BIGINT NOT NULL,
  started_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  finished_ms BIGINT
);
CREATE UNIQUE INDEX rotation_open ON rotation (account_id) WHERE finished_ms IS NULL;
CREATE INDEX rotation_recent ON rotation (started_ms, id);
CREATE INDEX rotation_finished ON rotation (account_id, finished_ms);
CREATE TABLE rotation_queue (
  account_id TEXT PRIMARY KEY REFERENCES account (id),
  cause BIGINT NOT NULL,
  requested_ms BIGINT NOT NULL
);
)";

// Which kinds of channel were opened in a session: for those who look at lists of them.
constexpr Sql kSessionChannels = R"(
ALTER TABLE session ADD COLUMN channels TEXT NOT NULL DEFAULT '';
)";

// Failures are counted by person and place, and each accepted code is kept instead of the newest alone
// (totp.last_step is read no longer). What was counted and used before goes on counting. A rotation in doubt counts its
// pauses for itself.
constexpr Sql kGuesses = R"(
CREATE TABLE known_source (
  user_id TEXT NOT NULL,
  source TEXT NOT NULL,
  seen_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, source)
);
CREATE TABLE guess (
  user_id TEXT NOT NULL,
  proof BIGINT NOT NULL,
  lane TEXT NOT NULL,
  failures BIGINT NOT NULL,
  lease_wall_ms BIGINT NOT NULL,
  lease_mono_ms BIGINT NOT NULL,
  lease_boot TEXT NOT NULL,
  lease_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, proof, lane)
);
INSERT INTO guess (user_id, proof, lane, failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms)
  SELECT user_id, 2, '', failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms FROM totp_failures;
DROP TABLE totp_failures;
CREATE TABLE totp_used (
  user_id TEXT NOT NULL,
  enrolment BIGINT NOT NULL,
  step BIGINT NOT NULL,
  PRIMARY KEY (user_id, enrolment, step)
);
ALTER TABLE rotation ADD COLUMN doubts BIGINT NOT NULL DEFAULT 0;
INSERT INTO totp_used (user_id, enrolment, step) SELECT user_id, enrolment, last_step FROM totp WHERE last_step >= 0;
)";

// Whether anybody signed in from a source: asked at each sign-in.
constexpr Sql kPlaces = R"(
CREATE INDEX known_source_place ON known_source (source, seen_ms);
)";

constexpr std::array<Migration, 6> kMigrations = {
    {{1, kTargets}, {2, kCheckouts}, {3, kSessions}, {4, kSessionChannels}, {5, kGuesses}, {6, kPlaces}}};

}  // namespace

MigrationSeries domain_schema() noexcept { return {"domain", kMigrations}; }

}  // namespace sallyport::vault
