#pragma once
// How much of the audit log people fill who have proven nothing: each of their refusals is an event only as long as
// there are few. The rest is counted, by action, and told as one event now and then.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/clock.hpp"

namespace sallyport::app {

/// One for all strangers and all ways in. A value; one owner thread.
class StrangerBudget {
 public:
  static constexpr unsigned kAtOnce = 20;                 ///< events without a pause ...
  static constexpr base::Milliseconds kOneMore{3000};     ///< ... then one in so long: 28,800 a day
  static constexpr base::Milliseconds kTellEvery{60000};  ///< what was left out

  /// Whether this refusal is written; else it is counted. `action` is one of the operation table's: few.
  bool take(std::string_view action, base::MonoTime now);
  /// A refusal that is never an event of its own: nobody was looked at.
  void leave_out(std::string_view action, base::MonoTime now);
  /// "1381 refusals: auth.login 81, user.add 1300": what was left out, when it is time to tell (or `at_once`) and there
  /// is something. told() forgets it, once that is durable.
  std::optional<std::string> untold(base::MonoTime now, bool at_once = false) const;
  void told();

 private:
  void refill(base::MonoTime now);

  unsigned left_ = kAtOnce;
  base::MonoTime refilled_{};
  std::map<std::string, std::uint64_t, std::less<>> left_out_;
  std::optional<base::MonoTime> first_;  // of those left out
};

}  // namespace sallyport::app
