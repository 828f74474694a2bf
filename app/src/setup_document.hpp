#pragma once
// What a client has to know of a server before it can trust it: GET /setup.json, for `sallyport setup`. Public: the
// CA's certificate, the broker's port and its host key. It counts only once the CA's fingerprint was compared.
#include <array>
#include <string>

#include "sallyport/app/record.hpp"
#include "sallyport/app/server_main.hpp"

namespace sallyport::app {

inline constexpr std::string_view kSetupPath = "/setup.json";
inline constexpr std::size_t kMaxSetup = 64U << 10U;
inline constexpr auto kSetupFields = std::to_array<Field>({
    {"ca", FieldType::bytes, 32U << 10U, true, "certificate of the server's own CA, PEM"},
    {"ssh", FieldType::text, 300, true, "where the broker listens: address and port"},
    {"host_key", FieldType::text, 8192, true, "the broker's host key"},
});

/// From the files of a running server. Errc::unavailable while there is no ready file.
base::Result<std::string> setup_document(const DataPaths& paths);

}  // namespace sallyport::app
