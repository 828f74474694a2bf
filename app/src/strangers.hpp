#pragma once
// Who knocks at the vault's socket and is refused: told once for each user and minute, with how often, whatever he
// does.
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace sallyport::app {

class Strangers {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kTell{60};
  static constexpr std::size_t kMaxUsers = 64;  ///< those beyond are not told apart

  /// How many refusals a line in the log stands for, if it is time for one: this one, and those since the last line.
  std::optional<std::uint64_t> refused(uid_t uid, Clock::time_point now);

 private:
  struct Count {
    std::uint64_t untold = 0;
    Clock::time_point told;
  };
  std::map<uid_t, Count> users_;
  Count others_{0, Clock::time_point::min()};
};

}  // namespace sallyport::app
