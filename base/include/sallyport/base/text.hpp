#pragma once
// Text encodings, and how foreign text is shown without being obeyed.
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::base {

std::string hex(ByteView bytes);
Result<Bytes> unhex(std::string_view text);
/// RFC 4648: standard alphabet with padding; decoding is strict (no white space, canonical padding).
std::string base64(ByteView bytes);
Result<Bytes> unbase64(std::string_view text);
/// URL alphabet without padding.
std::string base64url(ByteView bytes);
Result<Bytes> unbase64url(std::string_view text);
/// RFC 4648 base32, upper case, no padding: what otpauth URIs carry. In secret memory both ways.
SecretBytes base32_secret(const SecretBytes& bytes);

/// Foreign text for a log line, a terminal or an error: control characters, DEL, bidi controls, backslash, invalid
/// UTF-8 as \xNN or \u{N}; cut after `max` bytes with "...". The result is printable UTF-8 and never starts an escape
/// sequence.
std::string escape_text(std::string_view text, std::size_t max = 256);
/// Characters that change how the text around them is shown (UAX 9 and line separators, byte order mark, tags).
bool is_deceptive(char32_t c);
bool is_valid_utf8(std::string_view text) noexcept;
/// Valid UTF-8 with no control character (C0, DEL, C1) and at most `max` bytes: reasons, descriptions, labels.
bool is_plain_text(std::string_view text, std::size_t max) noexcept;

}  // namespace sallyport::base
