#pragma once
// An operation and its input as a request of the REST API (docs/api.md).
#include <string>

#include "sallyport/app/frame.hpp"
#include "sallyport/app/operation.hpp"

namespace sallyport::app {

/// The row's path with its fields in their places, escaped.
std::string path_of(const Operation& operation, const Record& input);
/// "?limit=5": what does not stand in the path, for a request without a body. Empty when there is nothing.
std::string query_of(const Operation& operation, const Record& input);
bool carries_body(const Operation& operation);
/// What does not stand in the path, as JSON. Empty when nothing is left to say.
base::Result<Payload> body_of(const Operation& operation, const Record& input);

}  // namespace sallyport::app
