#include "sallyport/certs/ssh_key.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::certs {
namespace {

using base::Errc;

constexpr std::size_t kMaxComment = 256;
constexpr std::size_t kEd25519Size = 32;
constexpr unsigned kMostRsaBits = 16384;
constexpr std::uint8_t kUncompressedPoint = 4;  // SEC 1, 2.3.3

struct TypeFacts {
  SshKeyType type;
  std::string_view name;
  std::string_view curve;  ///< RFC 5656
  std::size_t coordinate_bytes;
};
constexpr std::array<TypeFacts, 5> kTypes{{{SshKeyType::ed25519, "ssh-ed25519", "", 0},
                                           {SshKeyType::ecdsa_p256, "ecdsa-sha2-nistp256", "nistp256", 32},
                                           {SshKeyType::ecdsa_p384, "ecdsa-sha2-nistp384", "nistp384", 48},
                                           {SshKeyType::ecdsa_p521, "ecdsa-sha2-nistp521", "nistp521", 66},
                                           {SshKeyType::rsa, "ssh-rsa", "", 0}}};

base::Error malformed(const char* why) { return base::fail(Errc::invalid, std::string("SSH public key: ") + why); }

const TypeFacts* find_type(std::string_view name) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& facts) { return facts.name == name; });
  return found == kTypes.end() ? nullptr : &*found;
}

/// Why a first word that is no type we take is refused.
base::Error refused(std::string_view word) {
  const auto shown = base::escape_text(word, 64);
  if (word.ends_with("-cert-v01@openssh.com")) {
    return base::fail(Errc::unsupported, "SSH certificates are not taken as bare keys: " + shown);
  }
  if (word.starts_with("sk-")) {
    return base::fail(Errc::unsupported, "security keys (" + shown + ") are not taken: their touch cannot be enforced");
  }
  if (word.starts_with("-----BEGIN")) return malformed("that is a private key; give its .pub file");
  if (word == "ssh-dss") return base::fail(Errc::unsupported, "DSA keys are too weak");
  return malformed("it must begin with its type, without options: ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa ...");
}

/// RFC 4251: a positive mpint without needless zero bytes.
base::Result<base::ByteView> positive_mpint(base::Reader& in) {
  SALLYPORT_TRY(auto bytes, in.block(kMaxKeyBlob));
  if (bytes.empty() || (bytes[0] & 0x80U) != 0) return malformed("an RSA number is not positive");
  if (bytes[0] != 0) return bytes;
  if (bytes.size() < 2 || (bytes[1] & 0x80U) == 0) return malformed("an RSA number is not minimal");
  return bytes.subspan(1);
}

unsigned bits_of(base::ByteView number) {
  return static_cast<unsigned>(number.size() - 1) * 8U + static_cast<unsigned>(std::bit_width(number[0]));
}

base::Result<> check_rsa(base::Reader& in) {
  SALLYPORT_TRY(const auto exponent, positive_mpint(in));
  SALLYPORT_TRY(const auto modulus, positive_mpint(in));
  if (bits_of(exponent) > 64 || bits_of(exponent) < 2 || (exponent.back() & 1U) == 0) {
    return malformed("the RSA exponent is not an odd number of 3 or more");
  }
  if (bits_of(modulus) < kLeastRsaBits)
    return base::fail(Errc::unsupported,
                      "RSA keys under 2048 bits are too weak; ssh-keygen -t ed25519 makes a good one");
  if (bits_of(modulus) > kMostRsaBits) return base::fail(Errc::unsupported, "RSA keys over 16384 bits are not taken");
  if ((modulus.back() & 1U) == 0) return malformed("the RSA modulus is even");
  return base::ok();
}

base::Result<> check_ecdsa(base::Reader& in, const TypeFacts& facts) {
  SALLYPORT_TRY(const auto curve, in.text(16));
  SALLYPORT_TRY(const auto point, in.block(256));
  if (curve != facts.curve) return malformed("its curve is not its type's");
  const bool fits = point.size() == 1 + 2 * facts.coordinate_bytes && point[0] == kUncompressedPoint;
  if (!fits) return malformed("its point has the wrong length or form");
  return base::ok();
}

base::Result<> check_fields(base::Reader& in, const TypeFacts& facts) {
  if (facts.type == SshKeyType::rsa) return check_rsa(in);
  if (facts.type != SshKeyType::ed25519) return check_ecdsa(in, facts);
  SALLYPORT_TRY(const auto key, in.block(256));
  if (key.size() != kEd25519Size) return malformed("an Ed25519 key has 32 bytes");
  return base::ok();
}

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// The next word, and the blanks after it.
std::string_view take_word(std::string_view& rest) {
  const auto word = rest.substr(0, rest.find_first_of(" \t"));
  rest = trim(rest.substr(word.size()));
  return word;
}

base::Result<std::string_view> only_line(std::string_view text) {
  if (text.size() > kMaxKeyLine) return malformed("the line is longer than 8192 bytes");
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (trim(text).starts_with("-----BEGIN")) return refused(trim(text));
  if (text.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
    return malformed("more than one line");
  return trim(text);
}

}  // namespace

std::string_view wire_name(SshKeyType type) noexcept {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& facts) { return facts.type == type; });
  return found->name;
}

base::Result<SshPublicKey> SshPublicKey::parse_blob(base::ByteView blob) {
  if (blob.size() > kMaxKeyBlob) return malformed("too long");
  base::Reader in(blob);
  const auto name = in.text(64);
  if (!name) return malformed("its blob is cut short");
  const auto* facts = find_type(name.value());
  if (facts == nullptr) return refused(name.value());
  const auto fields = check_fields(in, *facts);
  if (!fields && fields.error().code() == Errc::unsupported) return fields.error();
  if (!fields) return malformed(fields.error().context().c_str());
  if (!in.end()) return malformed("bytes left over in its blob");
  SshPublicKey key;
  key.type_ = facts->type;
  key.blob_.assign(blob.begin(), blob.end());
  return key;
}

base::Result<SshPublicKey> SshPublicKey::parse_line(std::string_view text) {
  SALLYPORT_TRY(auto line, only_line(text));
  const auto word = take_word(line);
  if (find_type(word) == nullptr) return refused(word);
  const auto blob = base::unbase64(take_word(line));
  if (!blob) return malformed("its second word is not base64");
  if (!base::is_plain_text(line, kMaxComment)) return malformed("its comment is too long or holds control characters");
  SALLYPORT_TRY(auto key, parse_blob(blob.value()));
  if (wire_name(key.type_) != word) return malformed("its blob is of another type than the line says");
  key.comment_ = std::string(line);
  return key;
}

base::Result<SshPublicKey> SshPublicKey::parse_host_line(std::string_view text) {
  SALLYPORT_TRY(auto line, only_line(text));
  auto rest = line;
  const auto hosts = take_word(rest);
  if (hosts.starts_with('@')) return malformed("a marked line of known_hosts is no host's own key");
  const auto type = rest.substr(0, rest.find_first_of(" \t"));
  // "hosts type base64": what a scan prints. A certificate's or weak key's own type is refused by its name.
  const bool scanned =
      find_type(hosts) == nullptr && (find_type(type) != nullptr || refused(type).code() == Errc::unsupported);
  return parse_line(scanned ? rest : line);
}

SshPublicKey SshPublicKey::with_comment(std::string comment) && {
  comment_ = std::move(comment);
  return std::move(*this);
}

std::string SshPublicKey::fingerprint() const {
  auto text = base::base64(base::sha256(blob_));
  while (!text.empty() && text.back() == '=') text.pop_back();
  return "SHA256:" + text;
}

std::string SshPublicKey::line() const { return std::string(wire_name(type_)) + " " + base::base64(blob_); }

bool is_pinned(std::span<const base::Bytes> pins, base::ByteView blob) noexcept {
  return std::any_of(pins.begin(), pins.end(), [&](const auto& pin) {
    return !pin.empty() && std::equal(pin.begin(), pin.end(), blob.begin(), blob.end());
  });
}

}  // namespace sallyport::certs
