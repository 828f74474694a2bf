#pragma once
// How long to wait before a process that ended is started again. A value; no clock inside.
#include <algorithm>
#include <chrono>

namespace sallyport::app {

class RestartPolicy {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kFirst{250};
  static constexpr std::chrono::milliseconds kMost{5000};
  static constexpr std::chrono::seconds kGoodLife{30};

  void started(Clock::time_point now) noexcept { started_ = now; }
  /// The pause from now on: 250 ms, doubling up to 5 s; 250 ms again after a life of 30 s.
  std::chrono::milliseconds ended(Clock::time_point now) noexcept {
    if (now - started_ >= kGoodLife) next_ = kFirst;
    const auto pause = next_;
    next_ = std::min(next_ * 2, kMost);
    return pause;
  }

 private:
  Clock::time_point started_{};
  std::chrono::milliseconds next_ = kFirst;
};

}  // namespace sallyport::app
