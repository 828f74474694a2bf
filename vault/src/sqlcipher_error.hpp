#pragma once
// What a result code of SQLite means to the one who asked.
#include "sallyport/base/result.hpp"
#include "sqlcipher_library.hpp"

namespace sallyport::vault {

base::Errc sqlcipher_errc(int extended_code) noexcept;
/// "name: doing: the library's sentence".
base::Error sqlcipher_error(const SqlcipherLibrary& library, sqlite3* connection, int code, const std::string& name,
                            std::string_view doing);

}  // namespace sallyport::vault
