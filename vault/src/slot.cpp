#include "sallyport/vault/slot.hpp"

#include "slot_keys.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;
using base::SecretBytes;

constexpr std::size_t kRootSize = 32;

void close_slot(Slot& slot, base::ByteView vault_id, const SecretBytes& root, const SecretBytes& key) {
  SALLYPORT_ENSURE(root.size() == kRootSize);
  const SlotKeys keys = slot_keys(key);
  const base::Bytes identity = slot_identity(slot, vault_id);
  slot.commitment = base::hmac_sha256(keys.commitment.expose(), identity);
  slot.wrapped_root = base::seal(keys.wrapping, root.expose(), identity);
}

base::Result<SecretBytes> open_slot(const Slot& slot, base::ByteView vault_id, const SecretBytes& key,
                                    const char* wrong_key) {
  const SlotKeys keys = slot_keys(key);
  const base::Bytes identity = slot_identity(slot, vault_id);
  const base::Digest commitment = base::hmac_sha256(keys.commitment.expose(), identity);
  if (!base::equals_ct(commitment, slot.commitment)) return base::fail(Errc::denied, wrong_key);
  auto root = base::unseal(keys.wrapping, slot.wrapped_root, identity);
  if (!root || root.value().size() != kRootSize)
    return base::fail(Errc::corrupt, "header: a key slot is damaged; restore the header from a backup");
  return root;
}

}  // namespace

base::Result<> check_passphrase(const SecretBytes& passphrase) {
  if (passphrase.size() >= kMinPassphrase && passphrase.size() <= kMaxPassphrase) return base::ok();
  return base::fail(Errc::invalid, "a passphrase has 8 to 1024 bytes");
}

base::Result<> check_cost(base::Argon2Cost cost) {
  const bool memory = cost.memory >= kMinArgonMemory && cost.memory <= kMaxArgonMemory;
  const bool passes = cost.passes >= 1 && cost.passes <= kMaxArgonPasses;
  if (memory && passes && cost.memory * cost.passes <= kMaxArgonWork) return base::ok();
  return base::fail(Errc::invalid, "Argon2id cost out of bounds: 8 MiB to 1 GiB, 1 to 16 passes, 4 GiB in all");
}

SlotKeys slot_keys(const SecretBytes& key) {
  return {base::derive_key(key, 1, "sp-slot-"), base::derive_key(key, 2, "sp-slot-")};
}

base::Bytes slot_identity(const Slot& slot, base::ByteView vault_id) {
  const bool slow = slot.kind == SlotKind::passphrase;
  base::Writer out;
  out.block("sp-slot-1").block(vault_id).block(slot.id).u8(static_cast<std::uint8_t>(slot.kind));
  out.block(slow ? base::ByteView(slot.salt) : base::ByteView());
  out.u64(slow ? slot.cost.memory : 0).u32(slow ? slot.cost.passes : 0);
  return std::move(out).take();
}

base::Result<Slot> make_passphrase_slot(base::ByteView vault_id, const SecretBytes& root, const SecretBytes& passphrase,
                                        base::Argon2Cost cost) {
  SALLYPORT_TRYV(check_passphrase(passphrase));
  SALLYPORT_TRYV(check_cost(cost));
  Slot slot;
  slot.kind = SlotKind::passphrase;
  slot.cost = cost;
  base::random_bytes(slot.id);
  base::random_bytes(slot.salt);
  SALLYPORT_TRY(const SecretBytes key, base::argon2id(passphrase, slot.salt, cost));
  close_slot(slot, vault_id, root, key);
  return slot;
}

Slot make_development_slot(base::ByteView vault_id, const SecretBytes& root, const SecretBytes& key) {
  SALLYPORT_ENSURE(key.size() == base::kKeySize);
  Slot slot;
  slot.kind = SlotKind::development;
  base::random_bytes(slot.id);
  close_slot(slot, vault_id, root, key);
  return slot;
}

base::Result<SecretBytes> open_passphrase_slot(const Slot& slot, base::ByteView vault_id,
                                               const SecretBytes& passphrase) {
  SALLYPORT_TRYV(check_cost(slot.cost));
  // A passphrase that no slot can have been made with is wrong, not malformed: the answer tells nothing more.
  if (!check_passphrase(passphrase)) return base::fail(Errc::denied, "wrong passphrase");
  SALLYPORT_TRY(const SecretBytes key, base::argon2id(passphrase, slot.salt, slot.cost));
  return open_slot(slot, vault_id, key, "wrong passphrase");
}

base::Result<SecretBytes> open_development_slot(const Slot& slot, base::ByteView vault_id, const SecretBytes& key) {
  if (key.size() != base::kKeySize) return base::fail(Errc::denied, "development.key is not this vault's");
  return open_slot(slot, vault_id, key, "development.key is not this vault's");
}

}  // namespace sallyport::vault
