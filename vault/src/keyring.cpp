#include "sallyport/vault/keyring.hpp"

#include "root_keys.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;
using base::SecretBytes;

void number_block(base::Writer& out, std::uint64_t number) {
  base::Writer field;
  out.block(field.u64(number).bytes());
}

/// docs/vault_format.md, "Sealed values". Lengths first, so that no two labels read the same.
base::Bytes associated(std::string_view format, const SecretLabel& label, std::uint32_t kek_version) {
  base::Writer out;
  out.block(format).block(label.purpose).block(label.tenant).block(label.id);
  number_block(out, label.version);
  number_block(out, kek_version);
  return std::move(out).take();
}

base::Bytes kek_associated(std::uint32_t version, base::ByteView vault_id) {
  base::Writer out;
  out.block("sp-kek-1").block(vault_id);
  number_block(out, version);
  return std::move(out).take();
}

base::Error does_not_open(const SecretLabel& label) {
  return base::fail(Errc::corrupt, std::string(label.purpose) + " secret " + std::string(label.id) + " version " +
                                       std::to_string(label.version) + " does not verify: it was changed in the store");
}

}  // namespace

Keyring::Keyring(const SecretBytes& root32)
    : page_key_(root_key(root32, RootKey::page)),
      audit_seed_(root_key(root32, RootKey::audit_seed)),
      blind_key_(root_key(root32, RootKey::blind_index)),
      kek_wrap_(root_key(root32, RootKey::kek_wrapping)) {}

base::SigningKey Keyring::audit_key() const { return base::SigningKey::from_seed(audit_seed_); }

base::Digest Keyring::blind_index(std::string_view purpose, base::ByteView value) const {
  base::SecretWriter message;
  message.block(base::as_bytes("sp-index-1")).block(base::as_bytes(purpose)).block(value);
  return base::hmac_sha256(blind_key_.expose(), message.view());
}

Envelope Keyring::seal_secret(const SecretLabel& label, const SecretBytes& plaintext) const {
  SALLYPORT_ENSURE(current_ != 0 && plaintext.size() <= kMaxSealed);
  const SecretBytes dek = SecretBytes::random(base::kKeySize);
  return {current_, base::seal(keks_.at(current_), dek.expose(), associated("sp-dek-1", label, current_)),
          base::seal(dek, plaintext.expose(), associated("sp-envelope-1", label, current_))};
}

base::Result<SecretBytes> Keyring::open_secret(const SecretLabel& label, const Envelope& envelope) const {
  const auto kek = keks_.find(envelope.kek_version);
  if (kek == keks_.end())
    return base::fail(Errc::not_found, "there is no key-encryption key " + std::to_string(envelope.kek_version));
  const auto dek_label = associated("sp-dek-1", label, envelope.kek_version);
  const auto dek = base::unseal(kek->second, envelope.wrapped_dek, dek_label);
  if (!dek || dek.value().size() != base::kKeySize) return does_not_open(label);
  auto plaintext = base::unseal(dek.value(), envelope.sealed, associated("sp-envelope-1", label, envelope.kek_version));
  if (!plaintext) return does_not_open(label);
  return plaintext;
}

base::Result<SecretBytes> Keyring::unwrap_kek(std::uint32_t version, base::ByteView wrapped,
                                              base::ByteView vault_id) const {
  auto kek = base::unseal(kek_wrap_, wrapped, kek_associated(version, vault_id));
  if (kek && kek.value().size() == base::kKeySize) return kek;
  return base::fail(Errc::corrupt, "key-encryption key " + std::to_string(version) + " does not verify");
}

base::Result<> Keyring::load_keks(Transaction& transaction, base::ByteView vault_id) {
  std::map<std::uint32_t, SecretBytes> keks;
  SALLYPORT_TRY(auto rows, transaction.query("SELECT version, wrapped FROM vault_kek ORDER BY version"));
  for (;;) {
    SALLYPORT_TRY(const bool row, rows.next());
    if (!row) break;
    const auto version = static_cast<std::uint32_t>(rows.integer(0));
    SALLYPORT_TRY(auto kek, unwrap_kek(version, rows.blob(1), vault_id));
    keks.emplace(version, std::move(kek));
  }
  if (keks.empty()) return base::fail(Errc::corrupt, "the store has no key-encryption key");
  current_ = keks.rbegin()->first;
  keks_ = std::move(keks);
  return base::ok();
}

base::Result<std::uint32_t> Keyring::create_kek(Transaction& transaction, base::ByteView vault_id,
                                                std::int64_t now_ms) {
  const std::uint32_t version = current_ + 1;
  const SecretBytes kek = SecretBytes::random(base::kKeySize);
  const base::Bytes wrapped = base::seal(kek_wrap_, kek.expose(), kek_associated(version, vault_id));
  SALLYPORT_TRYV(transaction.execute("INSERT INTO vault_kek(version, wrapped, created_ms) VALUES($1, $2, $3)", version,
                                     wrapped, now_ms));
  return version;
}

}  // namespace sallyport::vault
