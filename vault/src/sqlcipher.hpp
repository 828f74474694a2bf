#pragma once
// The SQLCipher driver: one encrypted file.
#include <filesystem>

#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/vault/driver.hpp"
#include "sqlcipher_library.hpp"

namespace sallyport::vault {

enum class OpenMode : unsigned char {
  create,    ///< the file must not be there
  existing,  ///< the file must be there; every page is read
};

/// Errors name the file: not_found, exists, corrupt (plain, foreign, truncated, damaged), denied (another vault's key),
/// unsupported (a library that does not encrypt).
base::Result<std::unique_ptr<DriverConnection>> open_sqlcipher(const std::filesystem::path& file,
                                                               const base::SecretBytes& page_key, OpenMode mode);
/// The same with a given library: for tests of the refusal of others.
base::Result<std::unique_ptr<DriverConnection>> open_sqlcipher(const SqlcipherLibrary& library,
                                                               const std::filesystem::path& file,
                                                               const base::SecretBytes& page_key, OpenMode mode);

}  // namespace sallyport::vault
