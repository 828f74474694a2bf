#pragma once
// Bytes, and the one place where lengths of foreign bytes are checked.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"

namespace sallyport::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

ByteView as_bytes(std::string_view text) noexcept;
std::string_view as_text(ByteView bytes) noexcept;
Bytes to_bytes(std::string_view text);

/// Reads big-endian fields off a view that it does not own. After a failed read the position is unchanged.
class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept : rest_(bytes) {}

  Result<std::uint8_t> u8();
  Result<std::uint16_t> u16();
  Result<std::uint32_t> u32();
  Result<std::uint64_t> u64();
  /// Exactly `size` bytes, as a view into the source.
  Result<ByteView> take(std::size_t size);
  /// u32 length, then so many bytes, at most `max`: the "string" of RFC 4251.
  Result<ByteView> block(std::size_t max);
  Result<std::string_view> text(std::size_t max);
  /// Errc::invalid unless every byte was read.
  Result<> end() const;

  std::size_t remaining() const noexcept { return rest_.size(); }
  ByteView rest() const noexcept { return rest_; }

 private:
  ByteView rest_;
};

/// Appends big-endian fields to a buffer of its own. Not for secrets: see SecretBytes.
class Writer {
 public:
  Writer& u8(std::uint8_t value);
  Writer& u16(std::uint16_t value);
  Writer& u32(std::uint32_t value);
  Writer& u64(std::uint64_t value);
  Writer& raw(ByteView bytes);
  /// u32 length, then the bytes.
  Writer& block(ByteView bytes);
  Writer& block(std::string_view text) { return block(as_bytes(text)); }

  const Bytes& bytes() const noexcept { return bytes_; }
  Bytes take() noexcept { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace sallyport::base
