#include "sallyport/base/clock.hpp"

#include <fmt/format.h>

#include <ctime>
#include <fstream>

namespace sallyport::base {

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

MonoTime SystemClock::mono() const {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return MonoTime{Seconds{now.tv_sec} +
                  std::chrono::duration_cast<Milliseconds>(std::chrono::nanoseconds{now.tv_nsec})};
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  return text;
}

std::string format_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace sallyport::base
