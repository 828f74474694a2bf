#pragma once
// One way to open ROOT. A slot commits to its key: a wrong key is told from a damaged slot, and no slot opens two ways.
#include <array>
#include <cstdint>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/hash.hpp"

namespace sallyport::vault {

using SlotId = std::array<std::uint8_t, 16>;
enum class SlotKind : std::uint8_t { passphrase = 1, development = 2 };

/// Bounds on what a header may ask of this machine, checked before the first byte is hashed.
inline constexpr std::uint64_t kMinArgonMemory = 8U << 20U;
inline constexpr std::uint64_t kMaxArgonMemory = 1U << 30U;
inline constexpr std::uint32_t kMaxArgonPasses = 16;
inline constexpr std::uint64_t kMaxArgonWork = 4ULL << 30U;  ///< memory times passes
/// Errc::invalid outside these bounds.
base::Result<> check_cost(base::Argon2Cost cost);

inline constexpr std::size_t kMinPassphrase = 8;
inline constexpr std::size_t kMaxPassphrase = 1024;

struct Slot {
  SlotKind kind = SlotKind::passphrase;
  SlotId id{};
  std::array<std::uint8_t, 16> salt{};  ///< passphrase only
  base::Argon2Cost cost{};              ///< passphrase only
  base::Digest commitment{};            ///< HMAC of the slot's identity under a key derived from the slot key
  base::Bytes wrapped_root;             ///< sealed under another key derived from it
};

/// Errc::invalid for one that is too short or too long.
base::Result<> check_passphrase(const base::SecretBytes& passphrase);
/// Slow (Argon2id). Errc::invalid for a passphrase that is too short or too long, or a cost out of bounds.
base::Result<Slot> make_passphrase_slot(base::ByteView vault_id, const base::SecretBytes& root,
                                        const base::SecretBytes& passphrase, base::Argon2Cost cost);
Slot make_development_slot(base::ByteView vault_id, const base::SecretBytes& root, const base::SecretBytes& key);

/// Errc::denied when the key is not this slot's, Errc::corrupt when it is and the wrapped ROOT does not open.
base::Result<base::SecretBytes> open_passphrase_slot(const Slot& slot, base::ByteView vault_id,
                                                     const base::SecretBytes& passphrase);
base::Result<base::SecretBytes> open_development_slot(const Slot& slot, base::ByteView vault_id,
                                                      const base::SecretBytes& key);

}  // namespace sallyport::vault
