#include "openssl.hpp"

#include <openssl/pem.h>

#include <array>

namespace sallyport::certs::openssl {
namespace {

using base::Errc;

constexpr std::size_t kMaxPem = 64U << 10U;

/// Keys are never encrypted here; without this OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Bio read_only(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

}  // namespace

base::Error last_error(const std::string& doing) {
  std::array<char, 256> words{};
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return base::fail(Errc::internal, doing);
  ERR_error_string_n(code, words.data(), words.size());
  return base::fail(Errc::internal, doing + ": " + words.data());
}

base::Result<Key> new_p256_key() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return last_error("making a P-256 key");
  return key;
}

base::Result<base::SecretBytes> key_to_pem(EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_secmem()));
  if (!out || PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return last_error("writing a private key");
  }
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  if (size <= 0) return last_error("writing a private key");
  // The copy wipes the BIO's bytes too: its memory is only cleared where OpenSSL has a secure heap.
  auto* bytes = reinterpret_cast<std::uint8_t*>(data);
  return base::SecretBytes::take({bytes, static_cast<std::size_t>(size)});
}

base::Result<Key> key_from_pem(const base::SecretBytes& pem) {
  const Bio in = read_only(pem.expose_text());
  Key key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) return base::fail(Errc::invalid, "not an unencrypted private key in PEM");
  return key;
}

base::Result<std::string> certificate_to_pem(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio_X509(out.get(), certificate) != 1) return last_error("writing a certificate");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

base::Result<Certificate> certificate_from_pem(std::string_view pem) {
  if (pem.size() > kMaxPem) return base::fail(Errc::limit, "the certificate file is longer than 64 KiB");
  const Bio in = read_only(pem);
  Certificate certificate(in ? PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!certificate) return base::fail(Errc::invalid, "not a certificate in PEM");
  return certificate;
}

}  // namespace sallyport::certs::openssl
