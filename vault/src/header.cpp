#include "sallyport/vault/header.hpp"

#include <algorithm>

#include "root_keys.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;
using base::SecretBytes;

constexpr std::string_view kMagic = "SPVAULT\n";
constexpr std::uint16_t kFormat = 1;
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kWrappedRoot = 32 + base::kNonceSize + base::kTagSize;
constexpr std::size_t kMaxBody = 256;

base::Error damaged(const char* field) {
  return base::fail(Errc::corrupt, std::string("header: bad ") + field + "; restore the header from a backup");
}

base::Bytes encode_body(const Slot& slot) {
  base::Writer out;
  if (slot.kind == SlotKind::passphrase) out.raw(slot.salt).u64(slot.cost.memory).u32(slot.cost.passes);
  return std::move(out.raw(slot.commitment).block(slot.wrapped_root)).take();
}

template <std::size_t N>
base::Result<> take_array(base::Reader& in, std::array<std::uint8_t, N>& out) {
  SALLYPORT_TRY(const auto bytes, in.take(N));
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return base::ok();
}

base::Result<> parse_body(base::ByteView body, Slot& slot) {
  base::Reader in(body);
  if (slot.kind == SlotKind::passphrase) {
    SALLYPORT_TRYV(take_array(in, slot.salt));
    SALLYPORT_TRY(slot.cost.memory, in.u64());
    SALLYPORT_TRY(slot.cost.passes, in.u32());
    SALLYPORT_TRYV(check_cost(slot.cost));
  }
  SALLYPORT_TRYV(take_array(in, slot.commitment));
  SALLYPORT_TRY(const auto wrapped, in.block(kWrappedRoot));
  if (wrapped.size() != kWrappedRoot) return damaged("wrapped key");
  slot.wrapped_root.assign(wrapped.begin(), wrapped.end());
  return in.end();
}

base::Result<Slot> parse_slot(base::Reader& in) {
  Slot slot;
  SALLYPORT_TRY(const std::uint8_t kind, in.u8());
  if (kind != 1 && kind != 2) return damaged("slot kind");
  slot.kind = static_cast<SlotKind>(kind);
  SALLYPORT_TRYV(take_array(in, slot.id));
  SALLYPORT_TRY(const auto body, in.block(kMaxBody));
  SALLYPORT_TRYV(parse_body(body, slot));
  return slot;
}

base::Result<Header> parse_fields(base::Reader& in) {
  Header header;
  SALLYPORT_TRY(const auto magic, in.take(kMagic.size()));
  if (base::as_text(magic) != kMagic) return damaged("magic: this is no vault header");
  SALLYPORT_TRY(const std::uint16_t format, in.u16());
  if (format != kFormat)
    return base::fail(Errc::unsupported, "header: made by a newer Sallyport; run the newer program");
  SALLYPORT_TRYV(take_array(in, header.vault_id));
  SALLYPORT_TRY(header.generation, in.u32());
  SALLYPORT_TRY(const std::uint8_t count, in.u8());
  if (count == 0 || count > Header::kMaxSlots) return damaged("slot count");
  for (std::uint8_t i = 0; i < count; ++i) {
    SALLYPORT_TRY(auto slot, parse_slot(in));
    header.slots.push_back(std::move(slot));
  }
  SALLYPORT_TRYV(in.take(kMacSize));
  SALLYPORT_TRYV(in.end());
  return header;
}

}  // namespace

base::Bytes Header::encode(const SecretBytes& root) const {
  SALLYPORT_ENSURE(!slots.empty() && slots.size() <= kMaxSlots);
  base::Writer out;
  out.raw(base::as_bytes(kMagic))
      .u16(kFormat)
      .raw(vault_id)
      .u32(generation)
      .u8(static_cast<std::uint8_t>(slots.size()));
  for (const Slot& slot : slots) out.u8(static_cast<std::uint8_t>(slot.kind)).raw(slot.id).block(encode_body(slot));
  const base::Digest mac = base::hmac_sha256(root_key(root, RootKey::header_mac).expose(), out.bytes());
  return std::move(out.raw(mac)).take();
}

base::Result<Header> Header::parse(base::ByteView bytes) {
  if (bytes.size() > kMaxSize) return damaged("length");
  base::Reader in(bytes);
  auto header = parse_fields(in);
  if (header || header.error().code() == Errc::unsupported || header.error().code() == Errc::corrupt) return header;
  return damaged("field");
}

base::Result<Header> Header::parse_verified(base::ByteView bytes, const SecretBytes& root) {
  SALLYPORT_TRY(auto header, parse(bytes));
  const auto body = bytes.first(bytes.size() - kMacSize);
  const base::Digest mac = base::hmac_sha256(root_key(root, RootKey::header_mac).expose(), body);
  if (!base::equals_ct(mac, bytes.last(kMacSize)))
    return base::fail(Errc::corrupt, "header: changed by someone without this vault's key; restore it from a backup");
  return header;
}

}  // namespace sallyport::vault
