#include "sallyport/vault/session.hpp"

#include <algorithm>
#include <array>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/audited_transaction.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

constexpr std::string_view kPurpose = "recording";
constexpr std::size_t kMaxEndReason = 256;

constexpr std::array<std::string_view, 6> kRecordingWords = {"recording", "complete", "gap",
                                                             "truncated", "missing",  "none"};

// A literal, because Sql takes nothing else. What read_session takes, in its order.
#define SALLYPORT_SESSION_COLUMNS                                                                              \
  "SELECT id, user_id, user_name, account_id, account_name, target_id, checkout_id, source, how, started_ms, " \
  "ended_ms, end_reason, recording, file, checkpoint_sequence, checkpoint_chain, total_bytes, total_ms, "      \
  "total_chunks, (SELECT reason FROM checkout WHERE checkout.id = session.checkout_id), channels FROM session "

base::Result<std::optional<RecordingCheckpoint>> read_checkpoint(const Statement& row) {
  if (row.is_null(14)) return std::optional<RecordingCheckpoint>();
  RecordingCheckpoint checkpoint{static_cast<std::uint64_t>(row.integer(14)), {}};
  const base::ByteView chain = row.blob(15);
  if (chain.size() != checkpoint.chain.size()) return corrupt_row("checkpoint");
  std::copy(chain.begin(), chain.end(), checkpoint.chain.begin());
  return std::optional(checkpoint);
}

base::Result<Session> read_session(const Statement& row) {
  SALLYPORT_TRY(auto id, read_id<base::SessionId>(row, 0));
  SALLYPORT_TRY(auto user, read_id<base::UserId>(row, 1));
  SALLYPORT_TRY(auto account, read_id<base::AccountId>(row, 3));
  SALLYPORT_TRY(auto target, read_id<base::TargetId>(row, 5));
  SALLYPORT_TRY(auto checkout, read_maybe_id<base::CheckoutId>(row, 6));
  SALLYPORT_TRY(const auto recording, read_enum(row, 12, RecordingState::none));
  SALLYPORT_TRY(const auto checkpoint, read_checkpoint(row));
  const RecordingTotals totals{static_cast<std::uint64_t>(row.integer(16)), static_cast<std::uint64_t>(row.integer(17)),
                               static_cast<std::uint64_t>(row.integer(18))};
  return Session{std::move(id),
                 std::move(user),
                 read_text(row, 2),
                 std::move(account),
                 read_text(row, 4),
                 std::move(target),
                 std::move(checkout),
                 read_text(row, 7),
                 read_text(row, 8),
                 read_time(row, 9),
                 read_maybe_time(row, 10),
                 read_text(row, 11),
                 recording,
                 read_text(row, 13),
                 checkpoint,
                 totals,
                 row.is_null(19) ? std::string() : read_text(row, 19),
                 read_text(row, 20)};
}

SecretLabel label_of(const base::SessionId& id) { return {kPurpose, kTenant, id.text(), 1}; }

base::Error over(const base::SessionId& id) {
  return base::fail(Errc::conflict, "session " + id.text() + " has ended");
}

}  // namespace

std::string_view to_string(RecordingState state) noexcept {
  return kRecordingWords.at(static_cast<std::size_t>(state) - 1);
}

base::Result<RecordingState> parse_recording_state(std::string_view word) {
  const auto found = std::find(kRecordingWords.begin(), kRecordingWords.end(), word);
  if (found == kRecordingWords.end())
    return base::fail(Errc::invalid, "a recording is recording, complete, gap, truncated, missing or none");
  return static_cast<RecordingState>(found - kRecordingWords.begin() + 1);
}

base::Result<RegisteredSession> register_session(AuditedTransaction& tx, const Keyring& keys, const NewSession& wanted,
                                                 const Moment& now) {
  const auto id = base::SessionId::random();
  base::SecretBytes key = base::SecretBytes::random(base::kKeySize);
  const Envelope envelope = keys.seal_secret(label_of(id), key);
  SALLYPORT_TRYV(
      tx.sql().execute("INSERT INTO session (id, user_id, user_name, account_id, account_name, target_id, checkout_id, "
                       "source, how, started_ms, end_reason, recording, file, total_bytes, total_ms, total_chunks, "
                       "kek_version, wrapped_dek, sealed) "
                       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 6, $11, 0, 0, 0, $12, $13, $14)",
                       id, wanted.user, wanted.user_name, wanted.account, wanted.account_name, wanted.target,
                       wanted.checkout, wanted.source, wanted.how, wall_ms(now), id.text() + ".spr",
                       envelope.kek_version, envelope.wrapped_dek, envelope.sealed));
  SALLYPORT_TRY(auto session, get_session(tx.sql(), id));
  return RegisteredSession{std::move(session), std::move(key)};
}

base::Result<> begin_recording(Transaction& tx, const base::SessionId& id) {
  SALLYPORT_TRY(
      const auto changed,
      tx.execute("UPDATE session SET recording = 1 WHERE id = $1 AND recording = 6 AND ended_ms IS NULL", id));
  if (changed == 1) return base::ok();
  SALLYPORT_TRY(const auto session, get_session(tx, id));
  if (session.ended) return over(id);
  return base::fail(Errc::conflict, "the recording of session " + id.text() + " has begun already");
}

base::Result<> checkpoint_session(Transaction& tx, const base::SessionId& id, const RecordingCheckpoint& checkpoint) {
  const auto sequence = static_cast<std::int64_t>(checkpoint.sequence);
  if (sequence < 0) return base::fail(Errc::invalid, "a checkpoint's sequence is too large");
  SALLYPORT_TRY(
      const auto changed,
      tx.execute(
          "UPDATE session SET checkpoint_sequence = $1, checkpoint_chain = $2 WHERE id = $3 AND ended_ms IS NULL "
          "AND (checkpoint_sequence IS NULL OR checkpoint_sequence < $1)",
          sequence, checkpoint.chain, id));
  if (changed == 1) return base::ok();
  SALLYPORT_TRY(const auto session, get_session(tx, id));
  if (session.ended) return over(id);
  return base::fail(Errc::conflict, "the checkpoints of session " + id.text() + " go forward only");
}

base::Result<Session> close_session(Transaction& tx, const base::SessionId& id, std::string_view reason,
                                    RecordingState recording, const RecordingTotals& totals, const Moment& now) {
  if (recording == RecordingState::recording) return base::fail(Errc::invalid, "an ended session is not recording");
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE session SET ended_ms = $1, end_reason = $2, recording = CASE "
                           "WHEN recording = 6 AND channels = '' THEN 6 WHEN recording = 6 AND $3 <> 5 THEN 4 "
                           "WHEN $3 = 6 THEN 4 ELSE $3 END, total_bytes = $4, total_ms = $5, "
                           "total_chunks = $6 WHERE id = $7 AND ended_ms IS NULL",
                           wall_ms(now), base::escape_text(reason, kMaxEndReason), static_cast<int>(recording),
                           totals.bytes, totals.duration_ms, totals.chunks, id));
  SALLYPORT_TRY(auto session, get_session(tx, id));
  if (changed != 1) return over(id);
  return session;
}

base::Result<> note_channel(Transaction& tx, const base::SessionId& id, std::string_view kind) {
  SALLYPORT_TRYV(
      tx.execute("UPDATE session SET channels = CASE WHEN channels = '' THEN $1 ELSE channels || ',' || $1 END "
                 "WHERE id = $2 AND (',' || channels || ',') NOT LIKE '%,' || $1 || ',%'",
                 kind, id));
  return base::ok();
}

base::Result<> set_recording_state(Transaction& tx, const base::SessionId& id, RecordingState state) {
  if (state == RecordingState::recording) return base::fail(Errc::invalid, "an ended session is not recording");
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE session SET recording = $1 WHERE id = $2 AND ended_ms IS NOT NULL",
                           static_cast<int>(state), id));
  if (changed != 1) return base::fail(Errc::not_found, "there is no ended session " + id.text());
  return base::ok();
}

base::Result<base::SecretBytes> read_recording_key(AuditedTransaction& tx, const Keyring& keys,
                                                   const base::SessionId& id) {
  SALLYPORT_TRY(auto rows, tx.sql().query("SELECT kek_version, wrapped_dek, sealed FROM session WHERE id = $1", id));
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return base::fail(Errc::not_found, "session " + id.text() + " is not known");
  return keys.open_secret(label_of(id), read_envelope(rows, 0));
}

base::Result<std::vector<Session>> open_sessions(Transaction& tx) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_SESSION_COLUMNS "WHERE ended_ms IS NULL ORDER BY started_ms, id"));
  return read_all(std::move(rows), read_session);
}

base::Result<Session> get_session(Transaction& tx, const base::SessionId& id) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_SESSION_COLUMNS "WHERE id = $1", id));
  SALLYPORT_TRY(auto found, read_first(std::move(rows), read_session));
  if (!found) return base::fail(Errc::not_found, "session " + id.text() + " is not known");
  return std::move(*found);
}

namespace {

// An empty text and 0 are "any": neither is a name, an id or a state. $1 to $10, in the order of filtered().
#define SALLYPORT_SESSION_FILTER                                                                               \
  "WHERE ($1 = '' OR user_name = $1) AND ($2 = '' OR account_name = $2) "                                      \
  "AND ($3 = '' OR account_name LIKE $3 ESCAPE '!') AND ($4 = '' OR source = $4) "                             \
  "AND ($5 = '' OR checkout_id IN (SELECT id FROM checkout WHERE reason LIKE $5 ESCAPE '!')) "                 \
  "AND ($6 = '' OR checkout_id = $6) AND ($7 = 0 OR recording = $7) AND started_ms >= $8 AND started_ms < $9 " \
  "AND ($10 = 0 OR ended_ms IS NULL) "

template <class... More>
base::Result<Statement> filtered(Transaction& tx, Sql sql, const SessionFilter& filter, const More&... more) {
  const std::string target = filter.target.empty() ? "" : "%@" + as_pattern(filter.target);
  const std::string reason = filter.reason.empty() ? "" : "%" + as_pattern(filter.reason) + "%";
  const std::string checkout = filter.checkout ? filter.checkout->text() : "";
  const int recording = filter.recording ? static_cast<int>(*filter.recording) : 0;
  const auto since = filter.since ? base::to_unix_ms(*filter.since) : INT64_MIN;
  const auto until = filter.until ? base::to_unix_ms(*filter.until) : INT64_MAX;
  return tx.query(sql, filter.user, filter.account, target, filter.source, reason, checkout, recording, since, until,
                  filter.open_only, more...);
}

}  // namespace

base::Result<std::vector<Session>> list_sessions(Transaction& tx, const SessionFilter& filter) {
  const std::string after = filter.after ? filter.after->text() : "";
  SALLYPORT_TRY(auto rows,
                filtered(tx,
                         SALLYPORT_SESSION_COLUMNS SALLYPORT_SESSION_FILTER
                         "AND ($11 = '' OR (started_ms, id) < (SELECT started_ms, id FROM session WHERE id = $11)) "
                         "ORDER BY started_ms DESC, id DESC LIMIT $12",
                         filter, after, page_limit(filter.limit)));
  return read_all(std::move(rows), read_session);
}

base::Result<std::uint64_t> count_sessions(Transaction& tx, const SessionFilter& filter) {
  SALLYPORT_TRY(auto rows, filtered(tx, "SELECT COUNT(*) FROM session " SALLYPORT_SESSION_FILTER, filter));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

base::Result<std::size_t> count_open_sessions(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT COUNT(*) FROM session INDEXED BY session_open "
                                    "WHERE ended_ms IS NULL AND user_id = $1",
                                    user));
  SALLYPORT_TRYV(rows.next());
  return static_cast<std::size_t>(rows.integer(0));
}

base::Result<base::SessionId> complete_session_id(Transaction& tx, std::string_view begin) {
  return complete_id<base::SessionId>(tx, "SELECT id FROM session WHERE id >= $1 AND id < $2 LIMIT 2", begin);
}

}  // namespace sallyport::vault
