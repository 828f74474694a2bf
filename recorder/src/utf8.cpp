#include "sallyport/recorder/utf8.hpp"

namespace sallyport::recorder {

void append_utf8(char32_t c, std::string& out) {
  const auto put = [&out](char32_t value) { out.push_back(static_cast<char>(static_cast<std::uint8_t>(value))); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | (c >> 6U));
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

// The table 3-7 of the Unicode standard: which bytes may start a character, and the range of the second.
bool Utf8Decoder::lead(std::uint8_t byte) noexcept {
  low_ = 0x80;
  high_ = 0xBF;
  if (byte >= 0xC2 && byte <= 0xDF) {
    need_ = 1;
    value_ = byte & 0x1FU;
    return true;
  }
  if (byte >= 0xE0 && byte <= 0xEF) {
    need_ = 2;
    value_ = byte & 0x0FU;
    if (byte == 0xE0) low_ = 0xA0;
    if (byte == 0xED) high_ = 0x9F;
    return true;
  }
  if (byte >= 0xF0 && byte <= 0xF4) {
    need_ = 3;
    value_ = byte & 0x07U;
    if (byte == 0xF0) low_ = 0x90;
    if (byte == 0xF4) high_ = 0x8F;
    return true;
  }
  return false;
}

void Utf8Joiner::feed(base::ByteView bytes, std::string& out) {
  decoder_.feed(bytes, [&out](char32_t c) { append_utf8(c, out); });
}

void Utf8Joiner::finish(std::string& out) {
  decoder_.finish([&out](char32_t c) { append_utf8(c, out); });
}

}  // namespace sallyport::recorder
