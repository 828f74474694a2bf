#pragma once
// Between the broker's words and the operation table's records.
#include "sallyport/app/record.hpp"
#include "sallyport/broker/authority.hpp"

namespace sallyport::app {

/// From auth.grant's output; its credential and data key are moved out. Errc::invalid for what the broker can't use.
base::Result<broker::Grant> to_grant(Record&& record, std::string_view client_version);
/// "shell,exec": words that are not known open nothing.
broker::ChannelPolicy to_policy(std::string_view words);
/// Into the input of session.close (SessionOver) or session.event (all others). `file_size`: of the recording.
void fill_notice(Record& record, const broker::Notice& notice, std::uint64_t file_size);

}  // namespace sallyport::app
