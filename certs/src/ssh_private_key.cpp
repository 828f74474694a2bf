// openssh-key-v1 (OpenSSH's PROTOCOL.key), unencrypted, one key. All of it stays in secret memory.
#include <sodium.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::certs {
namespace {

using base::Errc;

constexpr std::string_view kMagic{"openssh-key-v1\0", 15};
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::size_t kLine = 70;
constexpr std::size_t kPadTo = 8;  // the "cipher" none has blocks of eight
constexpr std::size_t kMaxComment = 128;
constexpr std::size_t kMaxPem = 32U << 10U;

base::Bytes ed25519_blob(const base::PublicKey& key) {
  base::Writer out;
  out.block("ssh-ed25519").block(key);
  return std::move(out).take();
}

base::SecretBytes private_section(const base::SigningKey& key, std::string_view comment) {
  std::array<std::uint8_t, 4> check{};
  base::random_bytes(check);
  const auto seed = key.seed();
  base::SecretWriter out;
  out.raw(check).raw(check).block(base::as_bytes("ssh-ed25519")).block(key.public_key());
  out.u32(64).raw(seed.expose()).raw(key.public_key());  // the private half is seed || public
  out.block(base::as_bytes(comment));
  for (std::uint8_t pad = 1; out.view().size() % kPadTo != 0; ++pad) out.u8(pad);
  return std::move(out).take();
}

/// Lines of 70 letters, as ssh-keygen writes them.
base::SecretBytes armour(base::ByteView bytes) {
  const auto size = sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL);  // with a NUL
  base::SecretBytes letters(size);
  auto* text = reinterpret_cast<char*>(letters.expose_mutable().data());
  sodium_bin2base64(text, size, bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  base::SecretWriter out;
  out.raw(base::as_bytes(kBegin));
  for (auto rest = letters.expose().first(size - 1); !rest.empty(); rest = rest.subspan(std::min(kLine, rest.size()))) {
    out.raw(rest.first(std::min(kLine, rest.size()))).u8('\n');
  }
  out.raw(base::as_bytes(kEnd));
  return std::move(out).take();
}

base::Error malformed() {
  return base::fail(Errc::invalid, "not a private key of OpenSSH's own format without passphrase");
}

/// The bytes between the two lines of a PEM, in secret memory.
base::Result<base::SecretBytes> dearmour(const base::SecretBytes& pem) {
  auto text = pem.expose_text();
  if (text.size() > kMaxPem) return base::fail(Errc::limit, "the private key is longer than 32 KiB");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const auto end = kEnd.substr(0, kEnd.size() - 1);
  const bool framed = text.substr(0, kBegin.size()) == kBegin && text.size() > kBegin.size() + end.size() &&
                      text.substr(text.size() - end.size()) == end;
  if (!framed) return malformed();
  text = text.substr(kBegin.size(), text.size() - kBegin.size() - end.size());
  base::SecretBytes out(text.size());
  std::size_t size = 0;
  const char* stopped = nullptr;
  const int failed = sodium_base642bin(out.expose_mutable().data(), out.size(), text.data(), text.size(), "\r\n", &size,
                                       &stopped, sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0 || stopped != text.data() + text.size()) return malformed();
  out.shrink(size);
  return out;
}

}  // namespace

base::Result<SshKeyPair> generate_ssh_key(std::string_view comment) {
  if (!base::is_plain_text(comment, kMaxComment)) {
    return base::fail(Errc::invalid, "an SSH key's comment is at most 128 bytes of plain text");
  }
  const auto key = base::SigningKey::generate();
  const auto blob = ed25519_blob(key.public_key());
  const auto secret = private_section(key, comment);
  base::SecretWriter out;
  out.raw(base::as_bytes(kMagic)).block(base::as_bytes("none")).block(base::as_bytes("none")).block({});
  out.u32(1).block(blob).block(secret.expose());
  SALLYPORT_TRY(auto public_key, SshPublicKey::parse_blob(blob));
  auto line = public_key.line();
  if (!comment.empty()) line += " " + std::string(comment);
  return SshKeyPair{std::move(public_key), std::move(line), armour(std::move(out).take().expose())};
}

base::Result<SshPublicKey> public_key_of(const base::SecretBytes& private_pem) {
  SALLYPORT_TRY(const auto bytes, dearmour(private_pem));
  base::Reader in(bytes.expose());
  const auto magic = in.take(kMagic.size());
  if (!magic || base::as_text(magic.value()) != kMagic) return malformed();
  const auto cipher = in.text(32);
  const auto kdf = in.text(32);
  const auto options = in.block(64);
  const auto count = in.u32();
  const auto blob = in.block(kMaxKeyBlob);
  if (!cipher || !kdf || !options || !count || !blob) return malformed();
  if (cipher.value() != "none" || kdf.value() != "none") {
    return base::fail(Errc::unsupported, "private keys with a passphrase are not taken");
  }
  if (count.value() != 1) return malformed();
  return SshPublicKey::parse_blob(blob.value());
}

}  // namespace sallyport::certs
