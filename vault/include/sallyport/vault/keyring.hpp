#pragma once
// The keys under ROOT, and sealing with them. Lives only in the unsealed vault process; sealing it is destroying it.
#include <cstdint>
#include <map>
#include <string_view>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

/// What a sealed value is, and which one: everything here is authenticated with it. Views: lives as long as the call.
struct SecretLabel {
  std::string_view purpose;  ///< "account", "totp": a constant of the calling repository
  std::string_view tenant;   ///< "default" until there are several
  std::string_view id;       ///< the row's id
  std::uint64_t version = 1;
};

/// A sealed value as it stands in a row: three columns. Not secret.
struct Envelope {
  std::uint32_t kek_version = 0;
  base::Bytes wrapped_dek;
  base::Bytes sealed;
};

inline constexpr std::size_t kMaxSealed = base::SecretBytes::kMaxSecret;

/// Derives its keys from ROOT and forgets ROOT. One owner thread. Move-only.
class Keyring {
 public:
  explicit Keyring(const base::SecretBytes& root32);

  const base::SecretBytes& page_key() const noexcept { return page_key_; }
  base::SigningKey audit_key() const;
  /// A keyed hash for looking up what must not be stored readable (recovery codes, passcodes, tokens).
  base::Digest blind_index(std::string_view purpose, base::ByteView value) const;

  /// Seals under a fresh key of its own, itself sealed under the current KEK. Our bug if larger than kMaxSealed.
  Envelope seal_secret(const SecretLabel& label, const base::SecretBytes& plaintext) const;
  /// Errc::corrupt if any byte of the envelope or of the label is not what was sealed; Errc::not_found for a KEK
  /// version that this store does not have.
  base::Result<base::SecretBytes> open_secret(const SecretLabel& label, const Envelope& envelope) const;

  std::uint32_t kek_version() const noexcept { return current_; }
  /// Reads and unwraps every KEK of the store.
  base::Result<> load_keks(Transaction& transaction, base::ByteView vault_id);
  /// A new KEK in the store. Used once load_keks() has run after the commit.
  base::Result<std::uint32_t> create_kek(Transaction& transaction, base::ByteView vault_id, std::int64_t now_ms);

 private:
  base::Result<base::SecretBytes> unwrap_kek(std::uint32_t version, base::ByteView wrapped,
                                             base::ByteView vault_id) const;

  base::SecretBytes page_key_;
  base::SecretBytes audit_seed_;
  base::SecretBytes blind_key_;
  base::SecretBytes kek_wrap_;
  std::map<std::uint32_t, base::SecretBytes> keks_;
  std::uint32_t current_ = 0;
};

}  // namespace sallyport::vault
