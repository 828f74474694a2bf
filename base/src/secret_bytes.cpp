#include "sallyport/base/secret_bytes.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "locked_memory.hpp"
#include "sallyport/base/crypto.hpp"

namespace sallyport::base {

Error out_of_memory() {
  return fail(Errc::unavailable, "there is no memory for this at the moment; try again, with less at once");
}

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  data_ = slab_allocate(size);
  std::memset(data_, 0, size);
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  SecretBytes old(std::move(*this));
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

SecretBytes::~SecretBytes() {
  if (data_ != nullptr && slab_owns(data_)) slab_free(data_);
}

SecretBytes SecretBytes::random(std::size_t size) {
  SecretBytes secret(size);
  random_bytes(secret.expose_mutable());
  return secret;
}

SecretBytes SecretBytes::copy(ByteView bytes) {
  SecretBytes secret(bytes.size());
  std::copy(bytes.begin(), bytes.end(), secret.expose_mutable().begin());
  return secret;
}

SecretBytes SecretBytes::take(MutableByteView source) {
  auto secret = copy(source);
  wipe(source);
  return secret;
}

std::string_view SecretBytes::expose_text() const noexcept { return as_text(expose()); }

void SecretBytes::shrink(std::size_t size) noexcept {
  SALLYPORT_ENSURE(size <= size_);
  if (size < size_) wipe({data_ + size, size_ - size});
  size_ = size;
}

bool equals_ct(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool equals_ct(const SecretBytes& a, const SecretBytes& b) noexcept { return equals_ct(a.expose(), b.expose()); }

void wipe(MutableByteView bytes) noexcept {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

namespace {
constexpr std::size_t kMaxSecretPayload = SecretBytes::kMaxSecret * 16;
}

SecretWriter& SecretWriter::raw(ByteView bytes) {
  if (bytes.size() > kMaxSecretPayload - used_) throw OutOfSecretMemory();
  if (used_ + bytes.size() > buffer_.size()) {
    SecretBytes larger(std::max(used_ + bytes.size(), std::max<std::size_t>(256, buffer_.size() * 2)));
    if (used_ > 0) std::memcpy(larger.expose_mutable().data(), buffer_.expose().data(), used_);
    buffer_ = std::move(larger);
  }
  if (!bytes.empty()) std::memcpy(buffer_.expose_mutable().data() + used_, bytes.data(), bytes.size());
  used_ += bytes.size();
  return *this;
}

SecretWriter& SecretWriter::u8(std::uint8_t value) { return raw({&value, 1}); }
SecretWriter& SecretWriter::u16(std::uint16_t value) { return raw(Writer().u16(value).bytes()); }
SecretWriter& SecretWriter::u32(std::uint32_t value) { return raw(Writer().u32(value).bytes()); }
SecretWriter& SecretWriter::u64(std::uint64_t value) { return raw(Writer().u64(value).bytes()); }

SecretWriter& SecretWriter::block(ByteView bytes) {
  u32(static_cast<std::uint32_t>(bytes.size()));
  return raw(bytes);
}

SecretBytes SecretWriter::take() && {
  buffer_.shrink(used_);
  used_ = 0;
  return std::move(buffer_);
}

}  // namespace sallyport::base
