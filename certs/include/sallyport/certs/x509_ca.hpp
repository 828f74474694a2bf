#pragma once
// Sallyport's own certificate authority for its HTTPS side: ECDSA P-256, RFC 5280 profile, by OpenSSL 3.
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/clock.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::certs {

/// A certificate and its private key (PKCS#8 PEM, never in a std::string). The caller seals it or writes it 0600.
struct Issued {
  base::SecretBytes key_pem;
  std::string certificate_pem;
};

/// Names that a server answers to: DNS names (lower case, at most 253 bytes, a leading "*." allowed) and IP addresses.
struct ServerNames {
  std::vector<std::string> dns;
  std::vector<std::string> ips;
};

/// A self-signed root: CA:TRUE, pathlen 0, keyCertSign and cRLSign only. `name` is its common name (1-64 plain bytes).
base::Result<Issued> make_ca(std::string_view name, base::WallTime now, std::chrono::days validity);

/// Issues leaves under one root. Not thread-safe; move-only.
class X509Ca {
 public:
  /// Errc::invalid if the certificate is no CA, or the key is not its key.
  static base::Result<X509Ca> load(std::string_view certificate_pem, const base::SecretBytes& key_pem);
  X509Ca(X509Ca&&) noexcept;
  X509Ca& operator=(X509Ca&&) noexcept;
  ~X509Ca();

  /// A new P-256 key and its server certificate: CA:FALSE, digitalSignature, serverAuth, SAN; random 128-bit serial;
  /// starts five minutes before `now`, never outlives the root. certificate_pem is leaf, then root.
  base::Result<Issued> issue_server(const ServerNames& names, base::WallTime now, std::chrono::days validity) const;

 private:
  struct State;
  explicit X509Ca(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

/// Lower-case hex SHA-256 of the first certificate's DER, the end of its validity, and what it is for (subjectAltName;
/// no other kinds of names): for status lines and renewal.
struct CertificateFacts {
  std::string sha256;
  base::WallTime not_after;
  ServerNames names;
};
base::Result<CertificateFacts> inspect_certificate(std::string_view certificate_pem);

/// The one certificate that a PEM text holds, written anew: what is trusted by its fingerprint brings no other along.
/// Errc::invalid if there are two, or none.
base::Result<std::string> only_certificate(std::string_view pem);

}  // namespace sallyport::certs
