#pragma once
// Lists longer than one answer of the server.
#include "client_api.hpp"

namespace sallyport::app {

/// The operation answers with a list and says where to go on.
bool is_paged(const Operation& operation);

/// As many items as `input` wants (field limit; 100), or all of them: page after page, in the order of one answer.
/// The record's schema is the operation's own, without a bound on the list. `next` is set when there is more.
base::Result<Record> collect(ApiClient& client, const Operation& operation, Record input, bool all);

/// "100 of 405; --all shows the rest". Empty when nothing is left out.
std::string left_out(const Operation& operation, const Record& output);

}  // namespace sallyport::app
