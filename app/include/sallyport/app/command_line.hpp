#pragma once
// The program's face: `sallyport ...` (docs/cli.md).

namespace sallyport::app {

/// Parses and runs one command line. The exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 sign in first, 5
/// denied, 6 kept for approvals, 7 server unreachable; `ssh` gives the command's own. Catches everything.
int run_command_line(int argc, char** argv);

}  // namespace sallyport::app
