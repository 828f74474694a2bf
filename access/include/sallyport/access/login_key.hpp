#pragma once
// SSH public keys that users sign in with. One key belongs to one user only.
#include <optional>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {
class Transaction;
}

namespace sallyport::access {

inline constexpr std::size_t kMaxLoginKeys = 32;

struct LoginKey {
  base::UserId user;
  certs::SshPublicKey key;
  base::WallTime added{};
};

/// Errc::exists when any user has it already; Errc::limit beyond kMaxLoginKeys.
base::Result<LoginKey> add_login_key(vault::Transaction& tx, const base::UserId& user, const certs::SshPublicKey& key,
                                     const vault::Moment& now);
base::Result<> remove_login_key(vault::Transaction& tx, const base::UserId& user, std::string_view fingerprint);
base::Result<std::vector<LoginKey>> list_login_keys(vault::Transaction& tx, const base::UserId& user);
/// Whose it is; nothing for an unknown key and for a disabled user. Possession is proven elsewhere (the SSH signature).
base::Result<std::optional<LoginKey>> find_login_key(vault::Transaction& tx, base::ByteView blob);

}  // namespace sallyport::access
