#include "sallyport/base/clock.hpp"

#include "support/catch.hpp"

using namespace sallyport::base;

TEST_CASE("times are written in RFC 3339, UTC, with milliseconds", "[clock]") {
  CHECK(format_time(from_unix_ms(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(from_unix_ms(1795370400123)) == "2026-11-22T18:00:00.123Z");
}

TEST_CASE("a jump of the wall does not move what has passed", "[clock]") {
  ManualClock clock(from_unix_ms(1000));
  const auto before = clock.mono();
  clock.jump_wall(Seconds{3600});
  CHECK(clock.mono() == before);
  CHECK(clock.wall() == from_unix_ms(3601000));
}

TEST_CASE("this boot has a name", "[clock]") { CHECK(boot_id().size() == 36); }
