#pragma once
// The REST face of the operation table, without sockets: from method, target and body to a record, and from a reply to
// status and JSON. docs/api.md.
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/app/frame.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/app/record.hpp"
#include "sallyport/base/clock.hpp"

namespace sallyport::app {

/// A request whose head was read: which operation, what its path and query say, and how much body may follow.
struct ApiCall {
  const Operation* operation = nullptr;
  Record input;                ///< from path and query so far
  std::size_t body_limit = 0;  ///< 0: no body is taken
  bool secret_body = false;    ///< must be read into locked memory
};

/// Errc::not_found for an unknown path (404), Errc::unsupported for a method that the path does not have (405),
/// Errc::invalid for a bad query. `target` is the origin-form as it stood in the request line.
base::Result<ApiCall> begin_call(std::string_view method, std::string_view target);
/// Adds the JSON body and checks the whole input. Refuses doubled names, unknown names, wrong types.
base::Result<> take_body(ApiCall& call, base::ByteView body);
/// Envelope and record, as the vault wants them.
base::Result<base::SecretBytes> encode_call(const ApiCall& call, const base::SecretBytes& token,
                                            std::string_view source, std::string_view request_id);

/// The HTTP status of a failure.
unsigned http_status(base::Errc code) noexcept;
std::string_view http_reason(unsigned status) noexcept;
/// {"error":{"code":"denied","message":"...","request_id":"..."}}
std::string error_json(const base::Error& error, std::string_view request_id);

struct ResponseHead {
  unsigned status = 200;
  std::string_view request_id;
  std::string_view content_type = "application/json";
  std::uint64_t length = 0;
  bool keep_alive = true;
  base::WallTime at = base::SystemClock().wall();  ///< Date: one-time codes hang on this clock
};
/// Status line and headers, to the empty line.
std::string response_head(const ResponseHead& head);
/// Head and body as one piece, in the body's kind of memory: one write a response.
Payload response(const ResponseHead& head, base::ByteView body, bool locked);

/// "Bearer " and a token: 43 letters of base64url (access::kTokenText). Errc::unauthenticated for anything else.
base::Result<base::SecretBytes> bearer_token(std::string_view authorization);

}  // namespace sallyport::app
