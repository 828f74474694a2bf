#pragma once
// OpenSSL handles that free themselves, and its last error as ours.
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "sallyport/base/result.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::certs::openssl {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Deleter<ASN1_INTEGER_free>>;

/// OpenSSL's own words hold no key material; the queue is emptied.
base::Error last_error(const std::string& doing);

base::Result<Key> new_p256_key();
/// PKCS#8 PEM. The only copy outside the slab lies in OpenSSL's secure-cleared buffer.
base::Result<base::SecretBytes> key_to_pem(EVP_PKEY* key);
base::Result<Key> key_from_pem(const base::SecretBytes& pem);
base::Result<std::string> certificate_to_pem(X509* certificate);
base::Result<Certificate> certificate_from_pem(std::string_view pem);

}  // namespace sallyport::certs::openssl
