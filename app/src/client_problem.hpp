#pragma once
// What the API says when it refuses, as an Error with advice for the person who asked.
#include "sallyport/app/operation.hpp"

namespace sallyport::app {

/// What was asked, as far as it decides what a refusal means.
struct Asked {
  const Operation* operation = nullptr;
  bool with_token = false;
  bool with_proof = false;  ///< a password or a code stood in it: then that was wrong, not the sign-in
  bool with_code = false;
  std::string account;
  std::string server_time;  ///< of the answer, as its Date says it
};
Asked asked_of(const Operation& operation, const Record& input, bool with_token);

/// The object inside {"error": ...} (docs/api.md); empty when the body is something else.
base::ByteView inside_error(base::ByteView body);
/// The answer that has an HTTP status of failure. Errc::internal when it gives no reason.
base::Error problem_of(base::ByteView body, long status, const Asked& asked);

}  // namespace sallyport::app
