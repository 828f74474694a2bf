#pragma once
// The command line by which an scp client starts its far side: read here, and written anew for the target.
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

struct ScpCall {
  recorder::Direction direction = recorder::Direction::to_target;  ///< -t: to_target; -f: to_client
  bool into_directory = false;                                     ///< -d: the path is a directory for certain
  std::string path;       ///< as the target's scp gets it; "~/x" has become "./x", sshd starts commands at home
  std::string command{};  ///< what goes to the target: nothing in it means another thing to another shell
};

/// The far side of an scp call, if `command` is exactly that: "scp", options among -r -p -v -d -q, one of -t or -f, an
/// optional "--", then one path. Anything else (also anything after the path) is not scp, and goes by the rules for
/// exec.
///
/// The target's login shell is not known: POSIX, fish, zsh and csh disagree on backslashes, '!', a first '=', and more.
/// So a path is taken only where all of them read the same, and is sent in a form of our own making: as it is where it
/// has letters, digits and "/._-+,:@" alone (what devices without a shell expect), else between single quotes. It may
/// be
/// - bare: also '%', '=', '~' and bytes of 0x80 up, where no shell looks for them, and "\ " for a space (OpenSSH's
/// users
///   have no other way to write one); "~" and "~/x" are the home;
/// - or wholly between single quotes: also space and "()[]{}#".
std::optional<ScpCall> parse_scp_command(std::string_view command);

}  // namespace sallyport::broker
