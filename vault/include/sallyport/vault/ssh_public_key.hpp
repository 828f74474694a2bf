#pragma once
// A public key as OpenSSH writes it ("ssh-ed25519 AAAA... comment"): for host keys of targets and login keys of users.
// RFC 4253 section 6.6, RFC 5656, RFC 8709.
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"

namespace sallyport::vault {

inline constexpr std::size_t kMaxKeyBlob = 4096;

struct SshPublicKey {
  std::string type;         ///< ssh-ed25519 | ecdsa-sha2-nistp256 | -384 | -521 | ssh-rsa
  base::Bytes blob;         ///< the wire form: what is compared and looked up
  std::string fingerprint;  ///< "SHA256:" and base64 without padding, as ssh-keygen -l prints it
  std::string comment;      ///< plain text, may be empty

  /// "type base64", without the comment.
  std::string line() const;
};

/// One line of an authorized_keys or .pub file, or of known_hosts without its host field. Errc::invalid for options in
/// front, RSA under 2048 bits, a blob whose inner type or length differs; Errc::unsupported for certificates, security
/// keys (sk-...) and DSA.
base::Result<SshPublicKey> parse_ssh_public_key(std::string_view line);
base::Result<SshPublicKey> ssh_public_key_from_blob(base::ByteView blob);

}  // namespace sallyport::vault
