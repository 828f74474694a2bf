#include "process_context.hpp"

#include <poll.h>

#include "sallyport/base/log.hpp"

namespace sallyport::app {

int start_failed(const base::Error& error) {
  base::log(base::LogLevel::error, "process.start_failed", {{"why", error.describe()}});
  return 1;
}

base::LockPolicy lock_policy(const ServerOptions& options) noexcept {
  return options.development ? base::LockPolicy::prefer : base::LockPolicy::require;
}

bool stop_wanted(int control) {
  const auto readable = base::wait_for(control, POLLIN, std::chrono::milliseconds(0));
  if (!readable || !readable.value()) return !readable;
  const auto message = receive_control(control);
  return !message || message.value().type == ControlType::stop;
}

}  // namespace sallyport::app
