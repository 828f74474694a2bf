#pragma once
// The five keys under ROOT (docs/vault_format.md, "Keys"). The numbers are part of the format.
#include "sallyport/base/crypto.hpp"

namespace sallyport::vault {

enum class RootKey : std::uint64_t { page = 1, header_mac = 2, audit_seed = 3, blind_index = 4, kek_wrapping = 5 };

inline base::SecretBytes root_key(const base::SecretBytes& root, RootKey which) {
  SALLYPORT_ENSURE(root.size() == base::kKeySize);
  return base::derive_key(root, static_cast<std::uint64_t>(which), "sp-root-");
}

}  // namespace sallyport::vault
