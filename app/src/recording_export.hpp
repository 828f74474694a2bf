#pragma once
// `recording export`: casts, facts, raw bytes, the sealed file and its key.
#include "cli_command.hpp"

namespace sallyport::app {

base::Result<int> run_recording_export(const Invocation& line);

}  // namespace sallyport::app
