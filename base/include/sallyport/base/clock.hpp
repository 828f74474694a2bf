#pragma once
// Time as two kinds that do not mix: what the wall says, and what has passed.
#include <chrono>
#include <cstdint>
#include <string>

namespace sallyport::base {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// Wall time, UTC, in milliseconds since 1970. May jump; never decides how long a lease lives.
using WallTime = std::chrono::sys_time<Milliseconds>;

/// CLOCK_BOOTTIME in milliseconds: goes on during suspend, never jumps, starts again at a boot.
struct BootClock {
  using rep = std::int64_t;
  using period = std::milli;
  using duration = Milliseconds;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using MonoTime = BootClock::time_point;

/// The seam. One real clock a process; tests move a ManualClock by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonoTime mono() const = 0;
};

/// Thread-safe, no state.
class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  MonoTime mono() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start) : wall_(start) {}
  WallTime wall() const override { return wall_; }
  MonoTime mono() const override { return mono_; }
  void advance(Milliseconds by) {
    wall_ += by;
    mono_ += by;
  }
  void jump_wall(Milliseconds by) { wall_ += by; }

 private:
  WallTime wall_;
  MonoTime mono_{Milliseconds{1000}};
};

/// Names this boot of the machine (/proc/sys/kernel/random/boot_id): a MonoTime means nothing in another one.
std::string boot_id();

/// RFC 3339 in UTC with milliseconds: 2026-11-22T17:40:00.123Z
std::string format_time(WallTime time);
inline std::int64_t to_unix_ms(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime from_unix_ms(std::int64_t ms) { return WallTime{Milliseconds{ms}}; }

}  // namespace sallyport::base
