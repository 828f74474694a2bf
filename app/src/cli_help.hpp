#pragma once
// Help, the man page and docs/cli.md: three forms of the one table of commands.
#include <string>
#include <string_view>

namespace sallyport::app {

/// Help of a command ("user add"), of a noun ("user"), or of the program ("").
std::string help_text(std::string_view words);
/// sallyport(1) in man(7) macros.
std::string man_page();
/// docs/cli.md.
std::string markdown_reference();

}  // namespace sallyport::app
