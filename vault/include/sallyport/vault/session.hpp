#pragma once
// Sessions and their recordings: who was where, and what the vault knows of the recording file, so that a missing or
// cut file is noticed.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/hash.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {

class Transaction;
class AuditedTransaction;
class Keyring;

/// `none`: no recording has begun, and so nothing of the target was shown: the session was refused, or is not so far.
enum class RecordingState : unsigned char {
  recording = 1,
  complete = 2,
  gap = 3,
  truncated = 4,
  missing = 5,
  none = 6
};
std::string_view to_string(RecordingState state) noexcept;
base::Result<RecordingState> parse_recording_state(std::string_view word);

/// The last checkpoint that the recorder told: what the file must still show. Sequence counts up.
struct RecordingCheckpoint {
  std::uint64_t sequence = 0;
  base::Digest chain{};
};

struct RecordingTotals {
  std::uint64_t bytes = 0;  ///< of the file
  std::uint64_t duration_ms = 0;
  std::uint64_t chunks = 0;
};

struct Session {
  base::SessionId id;
  base::UserId user;
  std::string user_name;  ///< as it was then
  base::AccountId account;
  std::string account_name;  ///< "root@web1", as it was then
  base::TargetId target;
  std::optional<base::CheckoutId> checkout;
  std::string source;
  std::string how;  ///< the proofs, as words: "publickey,otp"
  base::WallTime started{};
  std::optional<base::WallTime> ended;
  std::string end_reason;  ///< empty while it lives
  RecordingState recording = RecordingState::none;
  std::string file;  ///< name below the recordings directory
  std::optional<RecordingCheckpoint> checkpoint;
  RecordingTotals totals;
  std::string reason;    ///< of its checkout; empty without one
  std::string channels;  ///< what was opened in it: "shell,sftp"
};

struct NewSession {
  base::UserId user;
  std::string user_name;
  base::AccountId account;
  std::string account_name;
  base::TargetId target;
  std::optional<base::CheckoutId> checkout;
  std::string source;
  std::string how;
};
struct RegisteredSession {
  Session session;
  base::SecretBytes recording_key;  ///< 32 bytes; sealed under the KEK in the row
};

/// Makes the id, the file name (<id>.spr) and the recording's data key.
base::Result<RegisteredSession> register_session(AuditedTransaction& tx, const Keyring& keys, const NewSession& wanted,
                                                 const Moment& now);
/// The file is there, and what the target says will be in it. Once, from `none`; Errc::conflict otherwise.
base::Result<> begin_recording(Transaction& tx, const base::SessionId& id);
/// Errc::conflict for a sequence that does not go forward, or a session that has ended.
base::Result<> checkpoint_session(Transaction& tx, const base::SessionId& id, const RecordingCheckpoint& checkpoint);
/// Once; Errc::conflict when it has ended. `recording` says how the file was left, never `recording`. What never began
/// stays `none` whatever is said, but where a channel was noted without a recording that is truncated, or missing; and
/// what has begun is at best truncated when `none` is said: see the answer.
base::Result<Session> close_session(Transaction& tx, const base::SessionId& id, std::string_view reason,
                                    RecordingState recording, const RecordingTotals& totals, const Moment& now);
/// Notes a kind of channel that was opened ("exec"); again changes nothing.
base::Result<> note_channel(Transaction& tx, const base::SessionId& id, std::string_view kind);
/// What an examination of the file found (missing, truncated); for ended sessions. Errc::not_found.
base::Result<> set_recording_state(Transaction& tx, const base::SessionId& id, RecordingState state);
/// Not ended: at start these are the ones that a crash has cut.
base::Result<std::vector<Session>> open_sessions(Transaction& tx);
/// For replay and verification. Errc::not_found.
base::Result<base::SecretBytes> read_recording_key(AuditedTransaction& tx, const Keyring& keys,
                                                   const base::SessionId& id);

base::Result<Session> get_session(Transaction& tx, const base::SessionId& id);
struct SessionFilter {
  // Names as they were then: what is removed by now is found, too.
  std::string user;     ///< empty, here and below: any
  std::string account;  ///< "root@web1"
  std::string target;
  std::string source;
  std::string reason;  ///< found anywhere in the checkout's, in capitals or not
  std::optional<base::CheckoutId> checkout;
  std::optional<RecordingState> recording;
  std::optional<base::WallTime> since;  ///< started then or later
  std::optional<base::WallTime> until;  ///< started before
  bool open_only = false;
  std::optional<base::SessionId> after;  ///< the last one of the page before
  std::size_t limit = 100;               ///< at most 1000
};
/// Newest first.
base::Result<std::vector<Session>> list_sessions(Transaction& tx, const SessionFilter& filter);
/// How many there are in all, whatever `after` and `limit` say.
base::Result<std::uint64_t> count_sessions(Transaction& tx, const SessionFilter& filter);
/// Of one person, that have not ended: by the index of those, however long the history is.
base::Result<std::size_t> count_open_sessions(Transaction& tx, const base::UserId& user);

/// The id that begins so, if it is the only one: 16 letters are that id itself. Errc::not_found, Errc::invalid.
base::Result<base::SessionId> complete_session_id(Transaction& tx, std::string_view begin);

}  // namespace sallyport::vault
