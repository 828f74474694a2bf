#include "sallyport/base/text.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

namespace sallyport::base {
namespace {

Result<Bytes> decode_base64(std::string_view text, int variant) {
  // libsodium takes every byte of 0x80 and above for '/' (its comparison sees a negative char).
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) return fail(Errc::invalid, "not valid base64");
  Bytes out(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, &end, variant) != 0 ||
      end != text.data() + text.size()) {
    return fail(Errc::invalid, "not valid base64");
  }
  out.resize(size);
  return out;
}

std::string encode_base64(ByteView bytes, int variant) {
  std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), variant);
  out.pop_back();  // the terminating NUL
  return out;
}

/// One code point at the start of `text`: its value and length, or length 0 where the UTF-8 is not valid.
struct CodePoint {
  char32_t value;
  std::size_t length;
};

std::size_t sequence_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

CodePoint decode_utf8(std::string_view text) {
  constexpr CodePoint kInvalid{0, 0};
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<std::uint8_t>(text.front());
  const auto length = sequence_length(lead);
  if (length == 0 || length > text.size()) return kInvalid;
  if (length == 1) return {lead, 1};
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<std::uint8_t>(text[i]);
    if ((next & 0xC0U) != 0x80) return kInvalid;
    value = (value << 6U) | (next & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kLeast[length] || value > 0x10FFFF || surrogate) return kInvalid;
  return {value, length};
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

std::string escaped_point(CodePoint point, std::string_view raw) {
  if (point.length == 0) return fmt::format("\\x{:02x}", static_cast<std::uint8_t>(raw.front()));
  if (point.value == '\\') return "\\\\";
  if (point.value < 0x100 && is_control(point.value))
    return fmt::format("\\x{:02x}", static_cast<unsigned>(point.value));
  if (is_deceptive(point.value)) return fmt::format("\\u{{{:x}}}", static_cast<unsigned>(point.value));
  return std::string(raw.substr(0, point.length));
}

}  // namespace

bool is_deceptive(char32_t c) {
  return c == 0x061C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
         c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

std::string hex(ByteView bytes) {
  std::string out(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes.data(), bytes.size());
  out.pop_back();
  return out;
}

Result<Bytes> unhex(std::string_view text) {
  if (text.empty()) return Bytes{};  // libsodium wants no null pointer
  Bytes out(text.size() / 2);
  std::size_t size = 0;
  const char* end = nullptr;
  const bool even = text.size() % 2 == 0;
  if (!even || sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, &end) != 0 ||
      end != text.data() + text.size()) {
    return fail(Errc::invalid, "not valid hexadecimal");
  }
  return out;
}

std::string base64(ByteView bytes) { return encode_base64(bytes, sodium_base64_VARIANT_ORIGINAL); }
Result<Bytes> unbase64(std::string_view text) { return decode_base64(text, sodium_base64_VARIANT_ORIGINAL); }
std::string base64url(ByteView bytes) { return encode_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING); }
Result<Bytes> unbase64url(std::string_view text) {
  return decode_base64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

SecretBytes base32_secret(const SecretBytes& bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const auto in = bytes.expose();
  SecretBytes out((in.size() * 8 + 4) / 5);
  const auto letters = out.expose_mutable();
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const auto bit = i * 5;
    const auto high = static_cast<unsigned>(in[bit / 8]) << 8U;
    const auto low = bit / 8 + 1 < in.size() ? static_cast<unsigned>(in[bit / 8 + 1]) : 0U;
    letters[i] = static_cast<std::uint8_t>(kLetters[((high | low) >> (11 - bit % 8)) & 31U]);
  }
  return out;
}

std::string escape_text(std::string_view text, std::size_t max) {
  std::string out;
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    const auto piece = escaped_point(point, text);
    if (out.size() + piece.size() > max) return out + "...";
    out += piece;
    text.remove_prefix(std::max<std::size_t>(1, point.length));
  }
  return out;
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    if (point.length == 0) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

bool is_plain_text(std::string_view text, std::size_t max) noexcept {
  if (text.size() > max) return false;
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    if (point.length == 0 || is_control(point.value) || is_deceptive(point.value)) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

}  // namespace sallyport::base
