#include "sallyport/audit/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "sallyport/base/text.hpp"

namespace sallyport::audit {
namespace {

using base::Errc;

constexpr std::uint8_t kEd25519 = 1;
constexpr std::size_t kIdSize = 4;
constexpr std::size_t kMaxNameSize = 200;
constexpr std::size_t kMaxSignatures = 64;
constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space begin a signature line

base::Error broken(const char* why) { return base::fail(Errc::corrupt, std::string("checkpoint: ") + why); }

bool is_key_name(std::string_view name) {
  const auto allowed = [](char c) { return c > ' ' && c < '\x7f' && c != '+'; };
  return !name.empty() && name.size() <= kMaxNameSize && std::all_of(name.begin(), name.end(), allowed);
}

/// The line up to '\n', which is dropped; nothing when there is no '\n'.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::string body_of(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + base::base64(checkpoint.root) + "\n";
}

std::string typed_key(const VerifierKey& key) {
  return static_cast<char>(kEd25519) + std::string(base::as_text(key.key));
}

base::Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || std::to_string(size) != text) return broken("the size is not a decimal number");
  return size;
}

struct Split {
  std::string_view text;        ///< with its last line end
  std::string_view signatures;  ///< lines
};

base::Result<Split> split_note(std::string_view note) {
  if (note.size() > kMaxNote) return broken("longer than 4096 bytes");
  const auto gap = note.rfind("\n\n");  // a signature line cannot be empty
  if (gap == std::string_view::npos || note.back() != '\n') return broken("no signature block");
  return Split{note.substr(0, gap + 1), note.substr(gap + 2)};
}

/// "— name base64": the signature if it is by that key's name and id, nothing if it is by another.
base::Result<std::optional<base::Signature>> signature_of(std::string_view line, const VerifierKey& key) {
  if (line.substr(0, kDash.size()) != kDash) return broken("a malformed signature line");
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space)))
    return broken("a malformed signature line");
  const auto raw = base::unbase64(line.substr(space + 1));
  if (!raw || raw.value().size() <= kIdSize) return broken("a malformed signature");
  const auto id = key_id(key);
  const bool same = line.substr(0, space) == key.name && std::equal(id.begin(), id.end(), raw.value().begin());
  if (!same) return std::optional<base::Signature>{};
  base::Signature signature{};
  if (raw.value().size() != kIdSize + signature.size()) return broken("a signature of the wrong length");
  std::copy(raw.value().begin() + kIdSize, raw.value().end(), signature.begin());
  return std::optional<base::Signature>(signature);
}

}  // namespace

std::array<std::uint8_t, 4> key_id(const VerifierKey& key) {
  const std::string hashed = key.name + "\n" + typed_key(key);
  const auto digest = base::sha256(base::as_bytes(hashed));
  return {digest[0], digest[1], digest[2], digest[3]};
}

std::string format_verifier_key(const VerifierKey& key) {
  return key.name + "+" + base::hex(key_id(key)) + "+" + base::base64(base::as_bytes(typed_key(key)));
}

base::Result<VerifierKey> parse_verifier_key(std::string_view text) {
  auto malformed = base::fail(Errc::invalid, "a log key is written name+8 hex digits+base64");
  const auto first = text.find('+');
  if (first == std::string_view::npos || text.size() < first + 10 || text[first + 9] != '+') return malformed;
  const auto raw = base::unbase64(text.substr(first + 10));
  VerifierKey key;
  key.name = std::string(text.substr(0, first));
  if (!is_key_name(key.name) || !raw || raw.value().size() != key.key.size() + 1) return malformed;
  if (raw.value()[0] != kEd25519) return base::fail(Errc::unsupported, "a log key that is not Ed25519");
  std::copy(raw.value().begin() + 1, raw.value().end(), key.key.begin());
  if (base::hex(key_id(key)) != text.substr(first + 1, 8))
    return base::fail(Errc::invalid, "the log key's id is not its own");
  return key;
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const base::SigningKey& key) {
  SALLYPORT_ENSURE(is_key_name(checkpoint.origin));
  const auto body = body_of(checkpoint);
  const auto id = key_id({checkpoint.origin, key.public_key()});
  base::Writer signature;
  signature.raw(id).raw(key.sign(base::as_bytes(body)));
  return body + "\n" + std::string(kDash) + checkpoint.origin + " " + base::base64(signature.bytes()) + "\n";
}

base::Result<std::string_view> verify_note(std::string_view note, const VerifierKey& key) {
  SALLYPORT_TRY(auto parts, split_note(note));
  std::size_t lines = 0;
  bool verified = false;
  while (!parts.signatures.empty()) {
    const auto line = take_line(parts.signatures);
    if (!line || ++lines > kMaxSignatures) return broken("too many signature lines");
    SALLYPORT_TRY(auto signature, signature_of(*line, key));
    if (!signature) continue;
    if (!base::verify(key.key, base::as_bytes(parts.text), *signature)) return broken("the signature does not verify");
    verified = true;
  }
  if (!verified) return broken("not signed by the expected key");
  return parts.text;
}

base::Result<Checkpoint> parse_checkpoint(std::string_view note) {
  SALLYPORT_TRY(auto parts, split_note(note));
  const auto origin = take_line(parts.text);
  const auto size = take_line(parts.text);
  const auto root = take_line(parts.text);
  if (!origin || !size || !root || origin->empty()) return broken("fewer than three lines");
  Checkpoint out;
  out.origin = std::string(*origin);
  SALLYPORT_TRY(out.size, parse_size(*size));
  const auto raw = base::unbase64(*root);
  if (!raw || raw.value().size() != out.root.size()) return broken("the root is not a hash in base64");
  std::copy(raw.value().begin(), raw.value().end(), out.root.begin());
  return out;
}

base::Result<Checkpoint> verify_checkpoint(std::string_view note, const VerifierKey& key) {
  SALLYPORT_TRYV(verify_note(note, key));
  SALLYPORT_TRY(auto checkpoint, parse_checkpoint(note));
  if (checkpoint.origin != key.name) return broken("of another log");
  return checkpoint;
}

}  // namespace sallyport::audit
