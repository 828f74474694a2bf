#include "asking_again.hpp"

#include <thread>

namespace sallyport::app {

std::chrono::seconds AskingAgain::longest() const noexcept {
  return std::chrono::ceil<std::chrono::seconds>((most - 1) * pause);
}

void AskingAgain::sleep(std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); }

base::Result<Record> ask_again(const AskingAgain& how, const std::function<base::Result<Record>()>& ask,
                               const std::function<bool(const base::Error&)>& passes) {
  for (int tries = 1;; ++tries) {
    auto output = ask();
    if (output || tries >= how.most || !passes(output.error())) return output;
    how.rest(how.pause);
  }
}

}  // namespace sallyport::app
