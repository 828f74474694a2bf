#include "sallyport/base/period.hpp"

namespace sallyport::base {
namespace {

struct Unit {
  Seconds::rep seconds;
  char letter;
};
constexpr Unit kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

}  // namespace

std::string format_period(Seconds period) {
  const auto seconds = period.count();
  for (const auto& unit : kUnits) {
    if (seconds > 0 && seconds % unit.seconds == 0) return std::to_string(seconds / unit.seconds) + unit.letter;
  }
  return std::to_string(seconds) + "s";
}

}  // namespace sallyport::base
