#pragma once
// DATA/header: the slots, each of which opens ROOT (docs/vault_format.md). Any one of them is enough.
#include <filesystem>
#include <string>
#include <vector>

#include "sallyport/base/crypto.hpp"
#include "sallyport/vault/slot.hpp"

namespace sallyport::vault {

using VaultId = std::array<std::uint8_t, 16>;

/// A value: parsed from bytes, changed, encoded again. Not secret. The MAC is checked by whoever holds ROOT.
struct Header {
  static constexpr std::size_t kMaxSlots = 8;
  static constexpr std::size_t kMaxSize = 4096;

  VaultId vault_id{};
  std::uint32_t generation = 1;  ///< goes up by one with every write
  std::vector<Slot> slots;

  /// Body and MAC, ready to be written.
  base::Bytes encode(const base::SecretBytes& root) const;
  /// Bounds every field, and the cost of every slot, before anything is computed. Errc::corrupt names the field.
  static base::Result<Header> parse(base::ByteView bytes);
  /// Errc::corrupt if the header was not written by a holder of this ROOT.
  static base::Result<Header> parse_verified(base::ByteView bytes, const base::SecretBytes& root);
};

/// Tries each passphrase slot in turn. Argon2id: seconds of CPU, up to 1 GiB; on a worker thread, never on the loop.
/// Errc::denied "wrong passphrase" (nothing more), Errc::corrupt if the header does not verify under the opened ROOT.
base::Result<base::SecretBytes> unlock_with_passphrase(const std::filesystem::path& data,
                                                       const base::SecretBytes& passphrase);
/// Opens by DATA/development.key, which must be ours and closed to others (Errc::denied otherwise); Errc::not_found if
/// this vault has no development slot.
base::Result<base::SecretBytes> unlock_with_development_key(const std::filesystem::path& data);

/// Adds a passphrase slot; ROOT from unlock_*. The old slots stay.
base::Result<> add_passphrase_slot(const std::filesystem::path& data, const base::SecretBytes& root,
                                   const base::SecretBytes& passphrase, base::Argon2Cost cost);
/// Puts a new passphrase in place of the slot that `old_passphrase` opens, in one atomic write.
base::Result<> change_passphrase(const std::filesystem::path& data, const base::SecretBytes& old_passphrase,
                                 const base::SecretBytes& new_passphrase, base::Argon2Cost cost);
/// Errc::conflict for the last slot. Removing the development slot removes its key file too.
base::Result<> remove_slot(const std::filesystem::path& data, const base::SecretBytes& root, const SlotId& slot);
/// What stands in the file, unverified: for `status`.
base::Result<Header> read_header(const std::filesystem::path& data);

}  // namespace sallyport::vault
