#pragma once
// "Try again later", from a remote server: a client waits for what passes over there by asking again. No event tells it
// of the end (an answer over HTTPS comes once, and a server that starts again has no connection left), so it sleeps
// between its tries, and gives up after a number of them.
#include <chrono>
#include <functional>

#include "sallyport/app/record.hpp"

namespace sallyport::app {

struct AskingAgain {
  int most;                         ///< tries, the first among them
  std::chrono::milliseconds pause;  ///< before each other
  /// Sleeps; a test's counts.
  std::function<void(std::chrono::milliseconds)> rest = sleep;

  /// The pauses together: what a person is told.
  std::chrono::seconds longest() const noexcept;
  static void sleep(std::chrono::milliseconds pause);
};

/// The first answer that is a good one or an error that does not pass by itself; the last one when all tries are used.
/// `passes` is asked only where there is another try, and before its pause.
base::Result<Record> ask_again(const AskingAgain& how, const std::function<base::Result<Record>()>& ask,
                               const std::function<bool(const base::Error&)>& passes);

}  // namespace sallyport::app
