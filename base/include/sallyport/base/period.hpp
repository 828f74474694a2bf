#pragma once
// How long something may last, as people write it.
#include <string>

#include "sallyport/base/clock.hpp"

namespace sallyport::base {

/// Exact, in the largest unit that goes into it: "8h", "7d", "90m", "45s". Not negative.
std::string format_period(Seconds period);

}  // namespace sallyport::base
