#pragma once
// SSH public keys as people paste them, host-key pins, and new Ed25519 key pairs: docs/host_keys.md.
// RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709; OpenSSH's PROTOCOL.key for the private format.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::certs {

enum class SshKeyType : std::uint8_t { ed25519 = 1, ecdsa_p256 = 2, ecdsa_p384 = 3, ecdsa_p521 = 4, rsa = 5 };
/// The key type's name on the wire: "ssh-ed25519", "ecdsa-sha2-nistp256", ..., "ssh-rsa".
std::string_view wire_name(SshKeyType type) noexcept;

inline constexpr std::size_t kMaxKeyLine = 8192;
inline constexpr std::size_t kMaxKeyBlob = 4096;  ///< RSA of 16384 bits is 2,067 bytes
inline constexpr unsigned kLeastRsaBits = 2048;

/// A public key whose blob was checked field by field. Two keys are the same when their blobs are.
class SshPublicKey {
 public:
  /// "type base64 [comment]", one line, one line end allowed. Errc::invalid when malformed, with options in front, or a
  /// private key; Errc::unsupported for sk- keys, certificates, DSA and RSA under 2048 or over 16384 bits.
  static base::Result<SshPublicKey> parse_line(std::string_view line);
  /// The same, or a line of ssh-keyscan and known_hosts: "hosts type base64". Lines marked @... are Errc::invalid.
  static base::Result<SshPublicKey> parse_host_line(std::string_view line);
  /// The blob alone (RFC 4253: string type, then its fields).
  static base::Result<SshPublicKey> parse_blob(base::ByteView blob);

  SshKeyType type() const noexcept { return type_; }
  const base::Bytes& blob() const noexcept { return blob_; }
  const std::string& comment() const noexcept { return comment_; }  ///< printable; at most 256 bytes
  /// "SHA256:" and unpadded base64, as ssh-keygen -l shows it.
  std::string fingerprint() const;
  /// "type base64", without the comment.
  std::string line() const;
  /// The same key under a comment that was kept beside its blob.
  SshPublicKey with_comment(std::string comment) &&;

  friend bool operator==(const SshPublicKey& a, const SshPublicKey& b) { return a.blob_ == b.blob_; }

 private:
  SshPublicKey() = default;
  SshKeyType type_ = SshKeyType::ed25519;
  base::Bytes blob_;
  std::string comment_;
};

/// Is this blob, as a server sent it, one of the pinned ones? No pin matches nothing.
bool is_pinned(std::span<const base::Bytes> pins, base::ByteView blob) noexcept;

/// A new Ed25519 pair. private_pem is "BEGIN OPENSSH PRIVATE KEY" without passphrase; `comment` is plain text, at most
/// 128.
struct SshKeyPair {
  SshPublicKey public_key;
  std::string public_line;  ///< with the comment
  base::SecretBytes private_pem;
};
base::Result<SshKeyPair> generate_ssh_key(std::string_view comment);

/// The public half of an unencrypted openssh-key-v1 PEM of any supported type, without a signature check.
base::Result<SshPublicKey> public_key_of(const base::SecretBytes& private_pem);

}  // namespace sallyport::certs
