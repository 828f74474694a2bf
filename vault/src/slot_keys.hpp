#pragma once
// The parts of a slot's key and identity that its maker and its opener share (docs/vault_format.md, "header").
#include "sallyport/vault/slot.hpp"

namespace sallyport::vault {

struct SlotKeys {
  base::SecretBytes wrapping;
  base::SecretBytes commitment;
};
SlotKeys slot_keys(const base::SecretBytes& key);
/// What the commitment and the wrapped ROOT are bound to.
base::Bytes slot_identity(const Slot& slot, base::ByteView vault_id);

}  // namespace sallyport::vault
