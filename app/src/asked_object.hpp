#pragma once
// What a request is about, as its audit event calls it, before anybody has looked whether it may be asked.
#include <string>

#include "sallyport/app/operation.hpp"
#include "sallyport/app/record.hpp"

namespace sallyport::app {

/// "account:root@web1", "session:4f2c...", "user:alice"; without a name in the request the kind alone: "account",
/// "audit". The names are as they were asked for: there need be nothing of that name.
std::string asked_object(const Operation& operation, const Record& input);

}  // namespace sallyport::app
