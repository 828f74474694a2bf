#pragma once
// UTF-8 piece by piece: a character cut between two events is held back until it is whole.
#include <cstdint>
#include <string>

#include "sallyport/base/bytes.hpp"

namespace sallyport::recorder {

inline constexpr char32_t kReplacement = 0xFFFD;

void append_utf8(char32_t c, std::string& out);

/// Strict (RFC 3629: no surrogates, no overlong forms). Every maximal invalid part is one U+FFFD (Unicode 3.9, D93b).
class Utf8Decoder {
 public:
  /// Calls `sink(char32_t)` for each character that the bytes complete.
  template <class Sink>
  void feed(base::ByteView bytes, Sink&& sink) {
    for (const std::uint8_t byte : bytes) {
      if (need_ == 0 && byte < 0x80)
        sink(static_cast<char32_t>(byte));
      else
        step(byte, sink);
    }
  }
  /// Ends the text: a half character is U+FFFD.
  template <class Sink>
  void finish(Sink&& sink) {
    if (need_ != 0) sink(kReplacement);
    reset();
  }
  void reset() noexcept { need_ = 0; }

 private:
  template <class Sink>
  void step(std::uint8_t byte, Sink&& sink) {
    if (need_ != 0) {
      if (byte >= low_ && byte <= high_) {
        value_ = (value_ << 6U) | (byte & 0x3FU);
        low_ = 0x80;
        high_ = 0xBF;
        if (--need_ == 0) sink(value_);
        return;
      }
      need_ = 0;
      sink(kReplacement);
      if (byte < 0x80) {
        sink(static_cast<char32_t>(byte));
        return;
      }
    }
    if (!lead(byte)) sink(kReplacement);
  }
  bool lead(std::uint8_t byte) noexcept;

  char32_t value_ = 0;
  std::uint8_t need_ = 0;  ///< continuation bytes that are still to come
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

/// Valid UTF-8 in whole characters from any bytes.
class Utf8Joiner {
 public:
  void feed(base::ByteView bytes, std::string& out);
  void finish(std::string& out);

 private:
  Utf8Decoder decoder_;
};

}  // namespace sallyport::recorder
