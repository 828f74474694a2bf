#pragma once
// Completion scripts for bash, zsh and fish, drawn from the table of commands.
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// Errc::invalid for another shell.
base::Result<std::string> completion_script(std::string_view shell);

}  // namespace sallyport::app
