#pragma once
// The operator's way to the vault: its Unix socket on this machine.
#include "cli_command.hpp"
#include "sallyport/app/operation.hpp"

namespace sallyport::app {

/// Asks the vault of the data directory that the line names. Errc::closed when nothing listens there.
base::Result<Record> ask_vault(const Invocation& line, OperationId operation, const Record& input);
/// Through the API if there is a sign-in, else over the socket.
base::Result<Record> ask_any(const Invocation& line, OperationId operation, const Record& input);

}  // namespace sallyport::app
