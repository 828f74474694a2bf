#pragma once
// Where an ssh client wants its control socket. Programs that drive ssh (ansible) give it a ControlPath of their own on
// its command line, which wins over every configuration file: the connection that we open has to listen there.
// ssh(1); ssh_config(5), ControlPath and TOKENS.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// What a command line of ssh says: the value of the last -S, or else of the first -o ControlPath, without its quotes.
/// `argv` begins with the program. Nothing when it says nothing.
std::optional<std::string> control_path_of(const std::vector<std::string>& argv);

/// What the tokens stand for, as the client told us, or as the same client on this machine would.
struct ControlTokens {
  std::string hash;        ///< %C
  std::string host;        ///< %h
  std::string typed_host;  ///< %n, %k
  std::string port;        ///< %p
  std::string user;        ///< %r
};
/// "~/.ssh/cm-%r@%h:%p" as a path. Errc::unsupported for a token that is not known, for ${NAME}, and for "none".
base::Result<std::filesystem::path> expand_control_path(std::string_view text, const ControlTokens& tokens);

/// The command line of the ssh client that has started this process by `Match exec`, perhaps through a shell. Empty
/// when there is none.
std::vector<std::string> calling_ssh();

}  // namespace sallyport::app
