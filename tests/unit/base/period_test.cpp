#include "sallyport/base/period.hpp"

#include "support/catch.hpp"

using sallyport::base::format_period;
using sallyport::base::Seconds;

TEST_CASE("a period is said exactly, in the largest unit that goes into it") {
  CHECK(format_period(Seconds{0}) == "0s");
  CHECK(format_period(Seconds{45}) == "45s");
  CHECK(format_period(Seconds{90}) == "90s");
  CHECK(format_period(Seconds{1800}) == "30m");
  CHECK(format_period(Seconds{8 * 3600}) == "8h");
  CHECK(format_period(Seconds{36 * 3600}) == "36h");
  CHECK(format_period(Seconds{7 * 86400}) == "7d");
}
