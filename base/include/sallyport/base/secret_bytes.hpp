#pragma once
// Secrets live in one slab of locked memory, taken at start. They are wiped when freed, never printed, never compared
// but in constant time, and read only through expose(), so that every reading place can be found by grep.
#include <cstddef>
#include <cstdint>
#include <new>

#include "sallyport/base/bytes.hpp"

namespace sallyport::base {

/// What to do where memory cannot be locked.
enum class LockPolicy : unsigned char {
  require,  ///< refuse to start
  prefer,   ///< development: go on unlocked, and say so (LockedMemory::locked() is false)
};

/// The process's slab. init() once, before the first SecretBytes and before the process starts a thread.
class LockedMemory {
 public:
  static constexpr std::size_t kDefaultSize = 4U << 20U;

  /// Maps, locks and proves (mincore/VmLck) `size` bytes; turns core dumps off for this process (PR_SET_DUMPABLE 0,
  /// RLIMIT_CORE 0). The pages are MADV_DONTDUMP and MADV_WIPEONFORK: a forked child starts with an empty slab and
  /// calls after_fork(). A second call is a no-op. Without any call the first SecretBytes does init(prefer).
  static Result<> init(LockPolicy policy, std::size_t size = kDefaultSize);
  /// In a forked child, before its first secret: the parent's secrets are gone; a slab of `size` is locked again. Its
  /// pages take memory only once they hold something: there may be a thousand children.
  static Result<> after_fork(LockPolicy policy, std::size_t size = 256U << 10U);
  static bool locked() noexcept;
  static std::size_t used() noexcept;
  static std::size_t size() noexcept;
};

/// Thrown where the slab has no room: secrets never spill into ordinary memory. Whoever works for one of many turns it
/// into that one's Error (within_memory).
class OutOfSecretMemory : public std::bad_alloc {
 public:
  const char* what() const noexcept override { return "memory for secrets is used up"; }
};
Error out_of_memory();  ///< Errc::unavailable

/// `work`'s own Result; an Error if it needs more memory, locked or ordinary, than there is.
template <class Work>
auto within_memory(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

/// Move-only bytes in the slab. Freed bytes are wiped. Making one throws OutOfSecretMemory where there is no room:
/// callers bound what strangers send (kMaxSecret) before they copy it here.
class SecretBytes {
 public:
  static constexpr std::size_t kMaxSecret = 64U << 10U;

  SecretBytes() noexcept = default;
  explicit SecretBytes(std::size_t size);  ///< zeroed
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  static SecretBytes random(std::size_t size);
  static SecretBytes copy(ByteView bytes);
  /// Copies, then wipes the source.
  static SecretBytes take(MutableByteView source);

  SecretBytes clone() const { return copy(expose()); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  ByteView expose() const noexcept { return {data_, size_}; }
  std::string_view expose_text() const noexcept;
  MutableByteView expose_mutable() noexcept { return {data_, size_}; }
  /// Keeps the first `size` bytes, wipes the rest. `size` must not exceed size().
  void shrink(std::size_t size) noexcept;

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Constant time in the contents; the lengths may show.
bool equals_ct(const SecretBytes& a, const SecretBytes& b) noexcept;
bool equals_ct(ByteView a, ByteView b) noexcept;
/// Overwrites in a way that the compiler may not drop.
void wipe(MutableByteView bytes) noexcept;

/// Appends to a SecretBytes of growing capacity, for encoders of secret payloads. Bounded by kMaxSecret * 16: throws
/// OutOfSecretMemory beyond that.
class SecretWriter {
 public:
  SecretWriter() noexcept = default;
  /// With room for so many bytes: what is known beforehand is not copied about, and takes no more than it needs.
  explicit SecretWriter(std::size_t room) : buffer_(room) {}
  SecretWriter& u8(std::uint8_t value);
  SecretWriter& u16(std::uint16_t value);
  SecretWriter& u32(std::uint32_t value);
  SecretWriter& u64(std::uint64_t value);
  SecretWriter& raw(ByteView bytes);
  SecretWriter& block(ByteView bytes);
  ByteView view() const noexcept { return buffer_.expose().first(used_); }
  SecretBytes take() &&;

 private:
  SecretBytes buffer_;
  std::size_t used_ = 0;
};

}  // namespace sallyport::base
