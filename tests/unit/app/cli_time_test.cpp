#include "cli_time.hpp"

#include <cstdlib>
#include <ctime>

#include "support/catch.hpp"

namespace sallyport::app {
namespace {

struct In {
  explicit In(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
};
const auto kNow = base::from_unix_ms(1763838248312);  // 2025-11-22T19:04:08.312Z

base::WallTime moment(std::string_view text) { return parse_moment("--since", text, kNow).value(); }

}  // namespace

TEST_CASE("a time is a while ago, a day, or a date in this machine's zone") {
  const In zone("EST5");
  CHECK(moment("2h") == kNow - base::Seconds(7200));
  CHECK(moment("2025-11-22T19:04:08Z") == base::from_unix_ms(1763838248000));
  CHECK(moment("2025-11-22 14:04:08") == base::from_unix_ms(1763838248000));
  CHECK(moment("2025-11-22 14:04") == base::from_unix_ms(1763838240000));
  CHECK(moment("today") == moment("2025-11-22"));
  CHECK(moment("yesterday") == moment("2025-11-21"));
  for (const auto* text : {"", "soon", "2025-13-01", "2025-11-22 25:00", "-2h", "2025-11-22x"})
    CHECK_FALSE(parse_moment("--since", text, kNow));
}

TEST_CASE("times are shown in this machine's zone, which is named") {
  const In zone("EST5");
  CHECK(short_time(kNow, kNow) == "11-22 14:04");
  CHECK(short_time(kNow, base::from_unix_ms(1800000000000)) == "2025-11-22");
  CHECK(long_time(kNow) == "2025-11-22 14:04:08 EST");
  CHECK(zone_name(kNow) == "EST");
}

}  // namespace sallyport::app
