#pragma once
// Records as JSON, for the two edges that speak it: the REST API and the command line. The only place that knows the
// JSON library besides those who have other JSON to read.
#include <string_view>

#include "sallyport/app/record.hpp"

namespace sallyport::app {

/// Of a record with a secret: the largest one written out, each byte as six, and room for the rest.
inline constexpr std::size_t kMaxSecretJson = 112U << 10U;

/// {"name":"alice","keys":2}: fields that are set, in the schema's order. bytes and secret_bytes as base64. `lead` is
/// put in front as it is: "\"schema\":\"x\"". In locked memory when a secret is set, like encode(). Errc::limit over
/// kMaxSecretJson then.
base::Result<Payload> to_json(const Record& record, std::string_view lead = {});

enum class Unknown : std::uint8_t { refuse, pass_over };
/// One object. Strict about types, unknown names, required fields and bounds (Errc::invalid, naming the field).
/// A schema with secrets is parsed in locked memory. `unknown` lets a client live with a newer server.
base::Result<Record> from_json(base::ByteView text, Fields schema, Unknown unknown = Unknown::refuse);

}  // namespace sallyport::app
