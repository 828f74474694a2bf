#pragma once
// How many strangers may knock: a value that a listener asks before it serves a connection. Places for logins are few;
// when all are taken, a newcomer is not turned away, but the eldest unproven connection of whoever holds most of them
// goes: a flood pushes out itself. Sans I/O; one owner thread.
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/clock.hpp"

namespace sallyport::broker {

/// Start-ups are connections that have proven nothing yet. Penalties are OpenSSH's defaults (sshd_config:
/// PerSourcePenalties), and so is the chance of an early drop (MaxStartups 10:30:100), which is one source's here.
struct ConnectionLimitsConfig {
  unsigned startups = 100;  ///< at once, of all; a further one takes the place of another
  /// More, for sources that signed in before. While these hold less than half of all they go last.
  unsigned known_startups = 20;
  unsigned source_begin = 10;         ///< below this many of one source it is not dropped early
  unsigned source_rate_percent = 30;  ///< from there it is with this chance, growing to 100 % ...
  unsigned source_full = 50;          ///< ... at this many
  unsigned max_sessions = 1000;       ///< connections in all, proven or not
  /// Where more proven ones are of one source, or twice as many of one network, those at work make room for a newcomer,
  /// too, when all are taken. 0: never.
  unsigned source_share = 0;
  base::Milliseconds penalty_auth_failure{5000};
  base::Milliseconds penalty_no_auth{1000};     ///< went away or ran out of grace without a proof
  base::Milliseconds penalty_crash{90000};      ///< took a child down with it
  base::Milliseconds penalty_threshold{15000};  ///< a source is refused while its penalties sum above this
  base::Milliseconds penalty_max{600000};
  // Others may stand behind the address of one who signed in before. For that source penalties are not the end, but for
  // those of crashes: one connection each pause, and that many unproven ones, of which the eldest makes room once it
  // had time for a password and a code. Before, the newcomer is refused.
  base::Milliseconds known_pause{1000};
  unsigned known_penalised = 5;
  base::Milliseconds known_patience{30000};
  base::Milliseconds known_for{std::chrono::hours{24 * 7}};  ///< since its last login, while this process lives
  std::size_t table_size = 65536;  ///< sources remembered; the least recently seen is forgotten first
  std::size_t known_size = 4096;   ///< sources that signed in, likewise, in a table that strangers can't fill
};

enum class Admission : unsigned char { admitted, too_many_sessions, source_busy, source_penalised };
/// A sentence for the person, and for the log.
std::string_view to_string(Admission admission) noexcept;

/// How a connection ended, as far as its source is to be judged.
enum class Outcome : unsigned char { served, no_auth, auth_failed, crashed };

/// The caller's number of a connection: unique among those that are there.
using ConnectionNumber = std::uint64_t;

struct Verdict {
  Admission admission = Admission::admitted;
  /// With admitted: this one is to be ended now; ended() is still told of it, as of any other.
  std::optional<ConnectionNumber> pushed_out;
};

/// Each connection: admit() once; if admitted, authenticated() at most once, ended() once.
class ConnectionLimits {
 public:
  explicit ConnectionLimits(ConnectionLimitsConfig config) : config_(config) {}

  /// `source` is the peer's address (see source_key). `dice` is uniform in 0..99, fresh for each call.
  Verdict admit(ConnectionNumber number, std::string_view source, base::MonoTime now, unsigned dice);
  void authenticated(ConnectionNumber number, base::MonoTime now);
  /// Who was pushed out leaves no penalty, unless it crashed.
  void ended(ConnectionNumber number, Outcome outcome, base::MonoTime now);
  /// For whom one connection serves many requests: a proven one that rests between two, or does not get on, gives its
  /// place to a newcomer when all are taken, the one that rests longest of the source that has most. Otherwise one
  /// person could hold all. At work again is said by works().
  void rests(ConnectionNumber number, base::MonoTime now);
  void works(ConnectionNumber number);

  std::size_t startups() const noexcept { return waiting_; }  ///< those that were pushed out not counted
  std::size_t sessions() const noexcept { return connections_.size(); }
  std::size_t sources() const noexcept { return sources_.size(); }

 private:
  struct Connection {
    std::string source;
    std::string network;
    bool known = false;  ///< its source signed in before
    base::MonoTime came{};
    bool waiting = true;   ///< a start-up
    bool leaving = false;  ///< was pushed out
    std::optional<base::MonoTime> rests_since{};
  };
  struct Source {
    base::MonoTime penalty_until{};
    base::MonoTime barred_until{};  ///< the same for crashes alone
    base::MonoTime slowed_until{};  ///< the next one of a known source that is penalised
    std::list<std::string>::iterator age;
  };
  using Connections = std::map<ConnectionNumber, Connection>;
  struct Crowds {
    std::map<std::string_view, unsigned> networks, sources;
  };

  unsigned waiting_of(std::string_view source) const;
  Crowds crowds(bool waiting) const;
  bool known_go_last() const;
  bool is_above_share(const Connection& one, Crowds& crowds) const;
  bool makes_room(const Connection& one, Crowds& crowds) const;
  bool is_known(std::string_view source, base::MonoTime now) const;
  void remember(const std::string& source, base::MonoTime now);
  bool is_penalised(base::MonoTime until, base::MonoTime now) const;
  bool has_turn(const Source& source, base::MonoTime now) const;
  std::optional<ConnectionNumber> push_out();
  std::optional<ConnectionNumber> push_out_of(std::string_view source, base::MonoTime now);
  std::optional<ConnectionNumber> push_out_proven();
  void stop_waiting(Connection& connection);
  Source& touch(std::string_view source);

  ConnectionLimitsConfig config_;
  Connections connections_;  ///< by number; a later one has a higher number
  std::size_t waiting_ = 0;
  std::list<std::string> ages_;  ///< most recently seen first
  std::map<std::string, Source, std::less<>> sources_;
  std::map<std::string, base::MonoTime, std::less<>> known_;  ///< last login
};

/// "192.0.2.7" stays; an IPv6 address becomes its /64; an IPv4-mapped one its IPv4 form; anything else "other".
std::string source_key(std::string_view address);
/// Of a source_key: the network around it, which one owner holds: IPv4's /24, IPv6's /48.
std::string network_key(std::string_view source);

}  // namespace sallyport::broker
