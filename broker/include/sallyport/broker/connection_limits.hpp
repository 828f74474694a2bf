#pragma once
// How many strangers may knock: a value that the SSH listener asks before it forks a child. Sans I/O; one owner thread.
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "sallyport/base/clock.hpp"

namespace sallyport::broker {

/// Defaults are OpenSSH's (sshd_config: MaxStartups 10:30:100, PerSourcePenalties).
struct ConnectionLimitsConfig {
  unsigned startups_begin = 10;         ///< below this many unauthenticated connections nobody is refused
  unsigned startups_rate_percent = 30;  ///< from there on refused with this chance, growing to 100 % ...
  unsigned startups_full = 100;         ///< ... at this many
  unsigned max_sessions = 1000;         ///< connections in all, authenticated or not
  unsigned max_startups_per_source = 20;
  base::Milliseconds penalty_auth_failure{5000};
  base::Milliseconds penalty_no_auth{1000};     ///< went away or ran out of grace without a proof
  base::Milliseconds penalty_crash{90000};      ///< took a child down with it
  base::Milliseconds penalty_threshold{15000};  ///< a source is refused while its penalties sum above this
  base::Milliseconds penalty_max{600000};
  std::size_t table_size = 65536;  ///< sources remembered; the least recently seen is forgotten first
};

enum class Admission : unsigned char { admitted, too_many_startups, too_many_sessions, source_busy, source_penalised };
std::string_view to_string(Admission admission) noexcept;

/// How a connection ended, as far as its source is to be judged.
enum class Outcome : unsigned char { served, no_auth, auth_failed, crashed };

/// Each connection: admit() once; if admitted, authenticated() at most once, ended() once.
class ConnectionLimits {
 public:
  explicit ConnectionLimits(ConnectionLimitsConfig config) : config_(config) {}

  /// `source` is the peer's address (IPv6 by /64: see source_key). `dice` is uniform in 0..99, fresh for each call.
  Admission admit(std::string_view source, base::MonoTime now, unsigned dice);
  void authenticated(std::string_view source);
  void ended(std::string_view source, bool was_authenticated, Outcome outcome, base::MonoTime now);

  unsigned startups() const noexcept { return startups_; }
  unsigned sessions() const noexcept { return sessions_; }
  std::size_t sources() const noexcept { return sources_.size(); }

 private:
  struct Source {
    unsigned startups = 0;
    base::MonoTime penalty_until{};
    std::list<std::string>::iterator age;
  };
  Source& touch(std::string_view source);
  void forget_oldest();
  void leave_startup(Source& source);

  ConnectionLimitsConfig config_;
  unsigned startups_ = 0;
  unsigned sessions_ = 0;
  std::list<std::string> ages_;  ///< most recently seen first
  std::map<std::string, Source, std::less<>> sources_;
};

/// "192.0.2.7" stays; an IPv6 address becomes its /64; an IPv4-mapped one its IPv4 form; anything else "other".
std::string source_key(std::string_view address);

}  // namespace sallyport::broker
