#pragma once
// Passwords that the vault makes up itself.
#include "sallyport/base/result.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::vault {

/// What a platform takes. At least one character of each class is used.
struct PasswordPolicy {
  std::size_t length = 32;  ///< 12 to 128
  bool symbols = true;      ///< of "-_.+=%@#!": none that a shell, chpasswd (':') or a config file would trip over
};

/// From the system's random source, without modulo bias. Errc::invalid for a length out of bounds.
base::Result<base::SecretBytes> generate_password(const PasswordPolicy& policy = {});

}  // namespace sallyport::vault
