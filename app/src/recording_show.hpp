#pragma once
// `recording show`: what the vault knows of a session, and what its file says.
#include "cli_command.hpp"
#include "output.hpp"
#include "sallyport/recorder/channel_list.hpp"

namespace sallyport::app {

/// A row for each channel. Its columns are given; a wide form has the others as well.
std::string channel_table(const recorder::ChannelList& channels, TableForm form);
base::Result<int> run_recording_show(const Invocation& line);

}  // namespace sallyport::app
