#pragma once
// What the person's surroundings say: environment, home directory, terminals.
#include <filesystem>
#include <optional>
#include <string>

namespace sallyport::app {

/// A variable that is set and not empty.
std::optional<std::string> environment(const std::string& name);
/// $HOME, or what the user database says, or "/".
std::filesystem::path home_directory();
/// Login name of who runs this.
std::string login_name();
bool is_terminal(int fd) noexcept;
/// stdout is a terminal that takes colours: for what means nothing without them.
bool knows_colours() noexcept;
/// Colours and line drawing are welcome on stdout: a terminal, NO_COLOR unset, TERM not dumb.
bool wants_colour() noexcept;

}  // namespace sallyport::app
