#include "sallyport/vault/ssh_public_key.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

constexpr std::size_t kMaxKeyLine = 8192;
constexpr std::size_t kMaxComment = 256;
constexpr std::size_t kMinRsaBits = 2048;
constexpr std::size_t kMaxRsaBits = 16384;

struct Curve {
  std::string_view type;
  std::string_view name;
  std::size_t point;
};
constexpr std::array<Curve, 3> kCurves = {{{"ecdsa-sha2-nistp256", "nistp256", 65},
                                           {"ecdsa-sha2-nistp384", "nistp384", 97},
                                           {"ecdsa-sha2-nistp521", "nistp521", 133}}};

base::Error malformed() { return base::fail(Errc::invalid, "the SSH public key is malformed"); }

base::Result<> check_ed25519(base::Reader& body) {
  SALLYPORT_TRY(const auto point, body.block(kMaxKeyBlob));
  if (point.size() != 32) return malformed();
  return base::ok();
}

base::Result<> check_ecdsa(base::Reader& body, const Curve& curve) {
  SALLYPORT_TRY(const auto name, body.text(kMaxKeyBlob));
  SALLYPORT_TRY(const auto point, body.block(kMaxKeyBlob));
  if (name != curve.name || point.size() != curve.point || point[0] != 4) return malformed();
  return base::ok();
}

base::Result<> check_rsa(base::Reader& body) {
  SALLYPORT_TRY(const auto exponent, body.block(kMaxKeyBlob));
  SALLYPORT_TRY(auto modulus, body.block(kMaxKeyBlob));
  // An mpint (RFC 4251 section 5) that is positive: no sign bit, one leading zero at most.
  if (exponent.empty() || modulus.empty() || (modulus[0] & 0x80U) != 0 || (exponent[0] & 0x80U) != 0)
    return malformed();
  if (modulus[0] == 0) modulus = modulus.subspan(1);
  if (modulus.empty() || modulus[0] == 0) return malformed();
  const std::size_t bits = modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(modulus[0]));
  if (bits < kMinRsaBits)
    return base::fail(Errc::invalid, "an RSA key needs at least 2048 bits; ssh-keygen -t ed25519 makes a good one");
  if (bits > kMaxRsaBits) return base::fail(Errc::invalid, "an RSA key may have at most 16384 bits");
  return base::ok();
}

base::Result<> check_body(std::string_view type, base::Reader& body) {
  if (type == "ssh-ed25519") return check_ed25519(body);
  if (type == "ssh-rsa") return check_rsa(body);
  for (const Curve& curve : kCurves) {
    if (type == curve.type) return check_ecdsa(body, curve);
  }
  return base::fail(Errc::unsupported, "keys of type " + base::escape_text(type, 64) + " are not taken");
}

std::string fingerprint_of(base::ByteView blob) {
  std::string text = base::base64(base::sha256(blob));
  while (!text.empty() && text.back() == '=') text.pop_back();
  return "SHA256:" + text;
}

/// Cuts the next word off; words are parted by blanks and tabs.
std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

std::string_view trim_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

}  // namespace

std::string SshPublicKey::line() const { return type + " " + base::base64(blob); }

base::Result<SshPublicKey> ssh_public_key_from_blob(base::ByteView blob) {
  if (blob.size() > kMaxKeyBlob) return malformed();
  base::Reader reader(blob);
  SALLYPORT_TRY(const auto type, reader.text(64));
  SALLYPORT_TRYV(check_body(type, reader));
  SALLYPORT_TRYV(reader.end());
  return SshPublicKey{std::string(type), base::Bytes(blob.begin(), blob.end()), fingerprint_of(blob), {}};
}

base::Result<SshPublicKey> parse_ssh_public_key(std::string_view line) {
  if (line.size() > kMaxKeyLine) return base::fail(Errc::invalid, "the SSH public key is too long");
  std::string_view rest = trim_end(line);
  const std::string_view type = next_word(rest);
  const std::string_view encoded = next_word(rest);
  auto blob = base::unbase64(encoded);
  if (type.empty() || !blob) return base::fail(Errc::invalid, "an SSH public key is written: type, base64, comment");
  SALLYPORT_TRY(auto key, ssh_public_key_from_blob(blob.value()));
  if (key.type != type) return malformed();
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!base::is_plain_text(rest, kMaxComment))
    return base::fail(Errc::invalid, "the comment of the SSH public key is not plain text");
  key.comment = std::string(rest);
  return key;
}

}  // namespace sallyport::vault
