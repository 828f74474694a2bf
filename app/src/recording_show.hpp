#pragma once
// `recording show`: what the vault knows of a session, and what its file says.
#include "cli_command.hpp"

namespace sallyport::app {

base::Result<int> run_recording_show(const Invocation& line);

}  // namespace sallyport::app
