#pragma once
// How every connection is set up, and refused when something did not take (docs/vault_format.md, "vault.db").
#include "sallyport/base/secret_bytes.hpp"
#include "sqlcipher_library.hpp"

namespace sallyport::vault {

/// Keys the connection and sets every pragma, each read back. Errc::unsupported when one did not take.
base::Result<> apply_profile(const SqlcipherLibrary& library, sqlite3* connection, const std::string& name,
                             const base::SecretBytes& page_key);
/// Reads every page. Errc::corrupt names the trouble.
base::Result<> check_pages(const SqlcipherLibrary& library, sqlite3* connection, const std::string& name);
/// After this, no statement attaches, sets a pragma, makes a virtual table or loads code.
void lock_down(const SqlcipherLibrary& library, sqlite3* connection);

}  // namespace sallyport::vault
