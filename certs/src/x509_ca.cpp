#include "sallyport/certs/x509_ca.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "openssl.hpp"
#include "sallyport/base/bytes.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::certs {
namespace {

using base::Errc;
using openssl::last_error;

constexpr std::size_t kMaxNames = 100;
constexpr std::size_t kMaxDnsName = 253;
constexpr std::size_t kMaxCommonName = 64;           // RFC 5280, ub-common-name
constexpr auto kBackdate = std::chrono::minutes(5);  // for clients whose clock is a little slow
constexpr long kVersion3 = 2;

struct Validity {
  base::WallTime from;
  base::WallTime to;
};

bool is_dns_label(std::string_view label) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), allowed) &&
         label.front() != '-' && label.back() != '-';
}

bool is_dns_name(std::string_view name) {
  if (name.substr(0, 2) == "*.") name.remove_prefix(2);
  if (name.empty() || name.size() > kMaxDnsName) return false;
  while (true) {
    const auto dot = name.find('.');
    if (!is_dns_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> ignored{};
  return inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

/// "DNS:a,IP:b": OpenSSL's syntax. Names were checked, so none holds a comma or a colon of its own.
base::Result<std::string> alternative_names(const ServerNames& names) {
  if (names.dns.empty() && names.ips.empty()) return base::fail(Errc::invalid, "a server certificate needs a name");
  if (names.dns.size() + names.ips.size() > kMaxNames) return base::fail(Errc::limit, "more than 100 names");
  std::string out;
  for (const auto& name : names.dns) {
    if (!is_dns_name(name)) return base::fail(Errc::invalid, "not a DNS name: " + base::escape_text(name));
    out += (out.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (const auto& ip : names.ips) {
    if (!is_address(ip)) return base::fail(Errc::invalid, "not an IP address: " + base::escape_text(ip));
    out += (out.empty() ? "IP:" : ",IP:") + ip;
  }
  return out;
}

base::Result<> set_serial(X509* certificate) {
  std::array<std::uint8_t, 16> random{};
  base::random_bytes(random);
  random[0] = static_cast<std::uint8_t>((random[0] & 0x7fU) | 0x40U);  // positive, and always of the same length
  const openssl::BigNumber number(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return last_error("setting a serial number");
  }
  return base::ok();
}

bool set_time(ASN1_TIME* field, base::WallTime time) {
  return ASN1_TIME_set(field, static_cast<std::time_t>(base::to_unix_ms(time) / 1000)) != nullptr;
}

base::Result<base::WallTime> read_time(const ASN1_TIME* field) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(field, &parts) != 1) return last_error("reading a certificate's time");
  return base::from_unix_ms(static_cast<std::int64_t>(timegm(&parts)) * 1000);
}

std::string address_text(const ASN1_OCTET_STRING* octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(octets);
  const int family = size == 4 ? AF_INET : AF_INET6;
  if (size != 4 && size != 16) return {};
  return inet_ntop(family, ASN1_STRING_get0_data(octets), text.data(), text.size()) != nullptr ? text.data() : "";
}

/// What is no DNS name or address, and what is malformed, is passed over.
ServerNames read_names(const X509* certificate) {
  ServerNames names;
  const openssl::GeneralNames found(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int index = 0; index < sk_GENERAL_NAME_num(found.get()); ++index) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), index);
    if (name->type == GEN_DNS) {
      const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      std::string dns(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
      if (is_dns_name(dns)) names.dns.push_back(std::move(dns));
    } else if (name->type == GEN_IPADD) {
      if (auto ip = address_text(name->d.iPAddress); !ip.empty()) names.ips.push_back(std::move(ip));
    }
  }
  return names;
}

base::Result<> add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::Extension extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return last_error("adding " + value);
  return base::ok();
}

base::Result<openssl::Certificate> new_certificate(EVP_PKEY* key, const std::string& common_name, Validity validity) {
  openssl::Certificate certificate(X509_new());
  if (!certificate) return last_error("making a certificate");
  auto* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  const bool good = X509_set_version(certificate.get(), kVersion3) == 1 &&
                    X509_set_pubkey(certificate.get(), key) == 1 &&
                    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
                    set_time(X509_getm_notBefore(certificate.get()), validity.from) &&
                    set_time(X509_getm_notAfter(certificate.get()), validity.to);
  if (!good) return last_error("filling a certificate");
  SALLYPORT_TRYV(set_serial(certificate.get()));
  return certificate;
}

base::Result<> sign(X509* certificate, EVP_PKEY* key) {
  if (X509_sign(certificate, key, EVP_sha256()) == 0) return last_error("signing a certificate");
  return base::ok();
}

base::Result<> check_validity(std::chrono::days days) {
  if (days.count() < 1 || days.count() > 36525) return base::fail(Errc::invalid, "a validity of 1 to 36525 days");
  return base::ok();
}

}  // namespace

struct X509Ca::State {
  openssl::Certificate certificate;
  openssl::Key key;
  std::string certificate_pem;
  base::WallTime not_after;
};

X509Ca::X509Ca(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
X509Ca::X509Ca(X509Ca&&) noexcept = default;
X509Ca& X509Ca::operator=(X509Ca&&) noexcept = default;
X509Ca::~X509Ca() = default;

base::Result<Issued> make_ca(std::string_view name, base::WallTime now, std::chrono::days validity) {
  SALLYPORT_TRYV(check_validity(validity));
  if (name.empty() || !base::is_plain_text(name, kMaxCommonName)) {
    return base::fail(Errc::invalid, "a certificate authority's name is 1 to 64 plain bytes");
  }
  SALLYPORT_TRY(auto key, openssl::new_p256_key());
  SALLYPORT_TRY(auto certificate, new_certificate(key.get(), std::string(name), {now - kBackdate, now + validity}));
  auto* raw = certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(raw)) != 1) return last_error("naming the issuer");
  SALLYPORT_TRYV(add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  SALLYPORT_TRYV(add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign"));
  SALLYPORT_TRYV(add_extension(raw, raw, NID_subject_key_identifier, "hash"));
  SALLYPORT_TRYV(sign(raw, key.get()));
  SALLYPORT_TRY(auto key_pem, openssl::key_to_pem(key.get()));
  SALLYPORT_TRY(auto certificate_pem, openssl::certificate_to_pem(raw));
  return Issued{std::move(key_pem), std::move(certificate_pem)};
}

base::Result<X509Ca> X509Ca::load(std::string_view certificate_pem, const base::SecretBytes& key_pem) {
  auto state = std::make_unique<State>();
  SALLYPORT_TRY(state->certificate, openssl::certificate_from_pem(certificate_pem));
  SALLYPORT_TRY(state->key, openssl::key_from_pem(key_pem));
  const bool is_ca = X509_check_ca(state->certificate.get()) == 1;
  const bool signs = (X509_get_key_usage(state->certificate.get()) & KU_KEY_CERT_SIGN) != 0;
  if (!is_ca || !signs) return base::fail(Errc::invalid, "the certificate is not that of a certificate authority");
  const bool pair = X509_check_private_key(state->certificate.get(), state->key.get()) == 1;
  ERR_clear_error();
  if (!pair) return base::fail(Errc::invalid, "the private key is not the certificate's");
  SALLYPORT_TRY(state->not_after, read_time(X509_get0_notAfter(state->certificate.get())));
  SALLYPORT_TRY(state->certificate_pem, openssl::certificate_to_pem(state->certificate.get()));
  return X509Ca(std::move(state));
}

base::Result<Issued> X509Ca::issue_server(const ServerNames& names, base::WallTime now,
                                          std::chrono::days validity) const {
  SALLYPORT_TRYV(check_validity(validity));
  SALLYPORT_TRY(const auto alternative, alternative_names(names));
  if (now >= state_->not_after) return base::fail(Errc::conflict, "the certificate authority has expired");
  const Validity period{now - kBackdate, std::min<base::WallTime>(now + validity, state_->not_after)};
  const auto& first = names.dns.empty() ? names.ips.front() : names.dns.front();
  SALLYPORT_TRY(auto key, openssl::new_p256_key());
  // The common name is for people only, and may be no longer than 64 bytes; clients read the alternative names.
  SALLYPORT_TRY(auto certificate, new_certificate(key.get(), first.substr(0, kMaxCommonName), period));
  auto* raw = certificate.get();
  auto* issuer = state_->certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(issuer)) != 1) return last_error("naming the issuer");
  SALLYPORT_TRYV(add_extension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  SALLYPORT_TRYV(add_extension(raw, issuer, NID_key_usage, "critical,digitalSignature"));
  SALLYPORT_TRYV(add_extension(raw, issuer, NID_ext_key_usage, "serverAuth"));
  SALLYPORT_TRYV(add_extension(raw, issuer, NID_subject_key_identifier, "hash"));
  SALLYPORT_TRYV(add_extension(raw, issuer, NID_authority_key_identifier, "keyid:always"));
  SALLYPORT_TRYV(add_extension(raw, issuer, NID_subject_alt_name, alternative));
  SALLYPORT_TRYV(sign(raw, state_->key.get()));
  SALLYPORT_TRY(auto key_pem, openssl::key_to_pem(key.get()));
  SALLYPORT_TRY(auto certificate_pem, openssl::certificate_to_pem(raw));
  return Issued{std::move(key_pem), certificate_pem + state_->certificate_pem};
}

base::Result<CertificateFacts> inspect_certificate(std::string_view certificate_pem) {
  SALLYPORT_TRY(const auto certificate, openssl::certificate_from_pem(certificate_pem));
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return last_error("encoding a certificate");
  const auto digest = base::sha256(base::ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  SALLYPORT_TRY(auto not_after, read_time(X509_get0_notAfter(certificate.get())));
  return CertificateFacts{base::hex(digest), not_after, read_names(certificate.get())};
}

base::Result<std::string> only_certificate(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN";
  const auto first = pem.find(kBegin);
  if (first != std::string_view::npos && pem.find(kBegin, first + 1) != std::string_view::npos)
    return base::fail(Errc::invalid, "more than one certificate");
  SALLYPORT_TRY(const auto certificate, openssl::certificate_from_pem(pem));
  return openssl::certificate_to_pem(certificate.get());
}

}  // namespace sallyport::certs
