#pragma once
// `sallyport doctor`: what keeps the server, or this client, from working, and what to do about each.
#include "cli_command.hpp"

namespace sallyport::app {

/// 0 when nothing is wrong, else 1. Asks and looks; changes nothing.
base::Result<int> run_doctor(const Invocation& line);

}  // namespace sallyport::app
