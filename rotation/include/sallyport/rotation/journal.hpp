#pragma once
// One rotation as a value: docs/rotation.md. No socket, clock or store inside; `runner` carries its actions out.
//
// The invariant that on() keeps: the vault never records `promoted`/`current` before the new credential logged in, nor
// `kept` before the old one did; in every other state it keeps both.
#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::rotation {

/// What a target or the way to it said.
enum class Outcome : std::uint8_t {
  ok = 1,
  unreachable = 2,       ///< no TCP connection, or it broke before a credential was sent
  refused = 3,           ///< the target refused the credential, or the reconcile account's right; nothing was changed
  locked = 4,            ///< the target says that the account is locked or has expired
  policy_rejected = 5,   ///< the target took the request and refused the new secret; trying again changes nothing
  host_key_changed = 6,  ///< no credential was sent
  dns = 7,
  timed_out = 8,  ///< before anything that changes the target was sent
  unknown = 9,    ///< after: the change may have happened or not
};
std::string_view to_string(Outcome outcome) noexcept;
base::Result<Outcome> parse_outcome(std::string_view word);

enum class State : std::uint8_t {
  pending = 1,      ///< the new secret is durable; nothing was sent
  applying = 2,     ///< a change may be on its way, or done
  applied = 3,      ///< the target said done; not verified
  promoted = 4,     ///< the new one logged in and is current; the old one is still accepted (SSH keys)
  current = 5,      ///< end: the new one is current, the old one is gone
  kept = 6,         ///< end: the old one is in force, a fresh login proved it; the new one is dropped
  out_of_sync = 7,  ///< end: neither is proven; both are kept; a person is told
};
std::string_view to_string(State state) noexcept;
inline bool is_end(State state) noexcept { return state >= State::current; }

/// The durable part. Text form, one line: "applying failed=1 applies=1 new=refused old=unknown".
struct Journal {
  State state = State::pending;
  std::uint8_t failed_logins = 0;  ///< of the rotated account, over the whole rotation
  std::uint8_t applies = 0;        ///< changes begun
  bool new_refused = false;        ///< since the last change
  bool old_refused = false;

  friend bool operator==(const Journal&, const Journal&) = default;
};
inline constexpr std::uint8_t kMaxFailedLogins = 2;
inline constexpr std::uint8_t kMaxApplies = 2;
std::string encode(const Journal& journal);
/// Errc::corrupt for anything that encode() would not have written.
base::Result<Journal> decode_journal(std::string_view text);

/// Who carries a change to the target.
enum class Route : std::uint8_t {
  self = 1,       ///< the account itself, with its old credential
  reconcile = 2,  ///< the reconcile account
};

/// What is possible for this account; fixed for a rotation.
struct Means {
  bool self_can_apply = false;       ///< SSH keys; a Unix password only where the account is root
  bool reconcile_can_apply = false;  ///< a reconcile account is set
  bool old_needs_retiring = false;   ///< old and new are accepted side by side (SSH keys)
  bool old_is_known = true;          ///< false for the first secret of an account, set by the reconcile account
};

enum class Step : std::uint8_t {
  record,      ///< make journal() durable, then on(recorded)
  apply,       ///< set the pending secret by `route`, then on(apply_done)
  login_new,   ///< fresh login with the pending secret, then on(login_done)
  login_old,   ///< fresh login with the current secret, then on(login_done)
  retire_old,  ///< with the new credential, take the old one away, then on(retire_done)
  stop,        ///< nothing more in this run
};

/// How a run ended; what the scheduler does next.
enum class End : std::uint8_t {
  done,         ///< state current
  retry_later,  ///< the target could not be reached: the same rotation again, later
  blocked,      ///< a person has to look (host key, locked, reconcile account refused)
  kept,         ///< state kept
  out_of_sync,  ///< state out_of_sync
};
std::string_view to_string(End end) noexcept;

struct Action {
  Step step = Step::stop;
  Route route = Route::self;      ///< for apply
  End end = End::done;            ///< for stop
  Outcome outcome = Outcome::ok;  ///< for record and stop: the outcome that led here

  friend bool operator==(const Action&, const Action&) = default;
};

enum class Event : std::uint8_t { start, recorded, apply_done, login_done, retire_done };

class Rotation {
 public:
  Rotation(Journal durable, Means means) noexcept : journal_(durable), means_(means) {}

  /// The only way on. `outcome` belongs to the *_done events. An event that does not answer the last action is our bug.
  Action on(Event event, Outcome outcome = Outcome::ok);
  const Journal& journal() const noexcept { return journal_; }

 private:
  Action start();
  Action recover(Outcome why);
  Action first_change(Outcome why);
  Action begin_apply(Route route, Outcome why);
  Action after_apply(Outcome outcome);
  Action after_new_login(Outcome outcome);
  Action after_old_login(Outcome outcome);
  Action old_was_refused(Outcome outcome);
  Action after_retire(Outcome outcome);
  Action no_answer(Outcome outcome);
  Action enter(State state, Action then, Outcome why);
  Action end_in(State state, End end, Outcome why);
  Action durably(Action then, Outcome why);
  Action stop(End end, Outcome why) const;
  Action give(Action action);
  void count_failed_login() noexcept;
  bool may_login() const noexcept;
  bool can_apply(Route route) const noexcept;

  Journal journal_;
  Means means_;
  Journal before_apply_;  ///< to go back to when nothing was sent
  Action last_;           ///< what the caller is doing now
  Action next_;           ///< what follows a record
  bool started_ = false;
  bool reconcile_failed_ = false;  ///< in this run
  bool old_proven_ = false;        ///< in this run, since the last change
};

}  // namespace sallyport::rotation
