#include "sallyport/base/bytes.hpp"

namespace sallyport::base {

ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

namespace {

template <class Int>
Int big_endian(ByteView bytes) {
  Int value = 0;
  for (const auto byte : bytes) value = static_cast<Int>((std::uint64_t{value} << 8U) | byte);
  return value;
}

template <class Int>
void append(Bytes& out, Int value) {
  for (std::size_t i = sizeof(Int); i-- > 0;)
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{value} >> (8U * i)));
}

}  // namespace

Result<ByteView> Reader::take(std::size_t size) {
  if (size > rest_.size()) return fail(Errc::invalid, "data ends early");
  const auto taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

Result<std::uint8_t> Reader::u8() {
  SALLYPORT_TRY(auto bytes, take(1));
  return bytes[0];
}

Result<std::uint16_t> Reader::u16() {
  SALLYPORT_TRY(auto bytes, take(2));
  return big_endian<std::uint16_t>(bytes);
}

Result<std::uint32_t> Reader::u32() {
  SALLYPORT_TRY(auto bytes, take(4));
  return big_endian<std::uint32_t>(bytes);
}

Result<std::uint64_t> Reader::u64() {
  SALLYPORT_TRY(auto bytes, take(8));
  return big_endian<std::uint64_t>(bytes);
}

Result<ByteView> Reader::block(std::size_t max) {
  const auto start = rest_;
  SALLYPORT_TRY(auto size, u32());
  if (size > max || size > rest_.size()) {
    rest_ = start;
    return size > max ? fail(Errc::limit, "a field is longer than it may be") : fail(Errc::invalid, "data ends early");
  }
  return take(size);
}

Result<std::string_view> Reader::text(std::size_t max) {
  SALLYPORT_TRY(auto bytes, block(max));
  return as_text(bytes);
}

Result<> Reader::end() const {
  if (!rest_.empty()) return fail(Errc::invalid, "unexpected bytes after the end");
  return ok();
}

Writer& Writer::u8(std::uint8_t value) {
  bytes_.push_back(value);
  return *this;
}

Writer& Writer::u16(std::uint16_t value) {
  append(bytes_, value);
  return *this;
}

Writer& Writer::u32(std::uint32_t value) {
  append(bytes_, value);
  return *this;
}

Writer& Writer::u64(std::uint64_t value) {
  append(bytes_, value);
  return *this;
}

Writer& Writer::raw(ByteView bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

Writer& Writer::block(ByteView bytes) {
  SALLYPORT_ENSURE(bytes.size() <= UINT32_MAX);
  u32(static_cast<std::uint32_t>(bytes.size()));
  return raw(bytes);
}

}  // namespace sallyport::base
