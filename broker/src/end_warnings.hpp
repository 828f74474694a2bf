#pragma once
// When a person at a terminal is told that his time runs out, and in which words. Sans I/O.
#include <array>
#include <optional>
#include <string>

#include "sallyport/base/clock.hpp"

namespace sallyport::broker {

/// Ten and two minutes before the end. Who begins later than one of them is not told of that one; who begins in the
/// last two minutes is told at once.
class EndWarnings {
 public:
  /// The session is to end `left` from now. Before this, and after a 0, nothing is ever due.
  void begin(base::MonoTime now, base::Milliseconds left);
  /// A sentence, each at most once, when there is somebody to read it: it says what is left now, however late it is
  /// asked for.
  std::optional<std::string> due(base::MonoTime now);

 private:
  static constexpr std::array<base::Milliseconds, 2> kBefore{base::Milliseconds{600000}, base::Milliseconds{120000}};

  std::optional<base::MonoTime> end_;
  std::size_t said_ = 0;  ///< of kBefore
};

}  // namespace sallyport::broker
