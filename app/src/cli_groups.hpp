#pragma once
// The commands that are more than one operation, by what they are about. Each gives its rows of the table of commands.
#include "cli_command.hpp"
#include "client_address.hpp"
#include "sallyport/app/record.hpp"

namespace sallyport::app {

std::vector<Command> server_commands();     ///< server, init, config check, version
std::vector<Command> operator_commands();   ///< unseal, seal, status, doctor
std::vector<Command> audit_commands();      ///< audit verify, audit export
std::vector<Command> sign_in_commands();    ///< login, logout, whoami, otp enroll
std::vector<Command> lease_commands();      ///< checkin, reveal
std::vector<Command> ssh_commands();        ///< ssh, ssh-config
std::vector<Command> recording_commands();  ///< recording play, verify, export
std::vector<Command> setup_commands();      ///< setup
std::vector<Command> tool_commands();       ///< completion, openapi, help, version

/// What comes after a checkout: where to go, how to see the secret, how to give it back.
std::string after_checkout(const ServerAddress& address, const Record& checkout);

}  // namespace sallyport::app
