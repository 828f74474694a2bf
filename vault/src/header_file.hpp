#pragma once
// Names inside DATA, and the header's way to the disk.
#include <filesystem>

#include "sallyport/vault/header.hpp"

namespace sallyport::vault {

inline constexpr const char* kHeaderFile = "header";
inline constexpr const char* kStoreFile = "vault.db";
inline constexpr const char* kDevelopmentKeyFile = "development.key";
inline constexpr const char* kCheckpointFile = "audit.checkpoint";
inline constexpr const char* kLockFile = "lock";

/// Raises the generation and replaces the file.
base::Result<> write_header(const std::filesystem::path& data, Header header, const base::SecretBytes& root);
/// 32 random bytes into DATA/development.key.
base::Result<base::SecretBytes> make_development_key(const std::filesystem::path& data);

}  // namespace sallyport::vault
