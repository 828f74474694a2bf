#pragma once
// The REST API as an OpenAPI 3.1 document, drawn from the operation table (https://spec.openapis.org/oas/v3.1.0).
#include <string>

namespace sallyport::app {

/// JSON text; the same at every call.
std::string openapi_document();

}  // namespace sallyport::app
