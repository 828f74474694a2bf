#include "locked_memory.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <mutex>
#include <string>

namespace sallyport::base {

// A first-fit allocator over one mapping. Each block has a header of 16 bytes with its size; free blocks are merged
// when the list is walked. Secrets are few and short-lived, so a walk is short.
namespace {

struct BlockHeader {
  std::uint32_t size;  // payload bytes, a multiple of 16
  std::uint32_t used;
  std::uint64_t canary;
};
static_assert(sizeof(BlockHeader) == 16);
constexpr std::uint64_t kCanary = 0x5a11'9047'c0de'feedU;

struct Slab {
  std::mutex mutex;  // SecretBytes may be made on the Argon2 workers too
  std::uint8_t* base = nullptr;
  std::size_t size = 0;
  std::size_t used = 0;
  bool locked = false;
};

Slab& slab() {
  static Slab instance;
  return instance;
}

BlockHeader* header_at(Slab& s, std::size_t offset) {
  auto* header = reinterpret_cast<BlockHeader*>(s.base + offset);
  SALLYPORT_ENSURE(header->canary == kCanary);
  return header;
}

void write_header(Slab& s, std::size_t offset, std::size_t payload, bool used) {
  const BlockHeader header{static_cast<std::uint32_t>(payload), used ? 1U : 0U, kCanary};
  std::memcpy(s.base + offset, &header, sizeof header);
}

/// as_used: a page is locked at the moment in which it is first written, and takes no memory before. The whole slab
/// counts against the limit from the start, so that none is refused later.
enum class Pages : unsigned char { now, as_used };

std::size_t locked_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmLck:")) return std::stoul(line.substr(6));
  }
  return 0;
}

void no_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// mlock may succeed and lock nothing where a limit is emulated: the kernel's own count must have risen.
bool lock_and_prove(void* base, std::size_t size, Pages pages) {
  const auto before = locked_kilobytes();
  const unsigned flags = pages == Pages::as_used ? MLOCK_ONFAULT : 0;
  if (::mlock2(base, size, flags) != 0) return false;
  return locked_kilobytes() >= before + size / 1024;
}

Result<> refuse(std::size_t size) {
  return fail(Errc::unavailable, "memory for secrets cannot be locked (" + std::to_string(size / 1024) +
                                     " KiB wanted): raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=) and start again");
}

Result<> lock_slab(Slab& s, LockPolicy policy, Pages pages) {
  s.locked = lock_and_prove(s.base, s.size, pages);
  if (!s.locked && policy == LockPolicy::require) return refuse(s.size);
  return ok();
}

Result<> map_slab(Slab& s, LockPolicy policy, std::size_t size, Pages pages) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  size = (size + page - 1) / page * page;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("mapping memory for secrets", errno);
  ::madvise(memory, size, MADV_DONTDUMP);
  if (::madvise(memory, size, MADV_WIPEONFORK) != 0) return fail_errno("memory for secrets: MADV_WIPEONFORK", errno);
  s.base = static_cast<std::uint8_t*>(memory);
  s.size = size;
  s.used = 0;
  write_header(s, 0, size - sizeof(BlockHeader), false);
  return lock_slab(s, policy, pages);
}

/// Takes in the free blocks that follow the free block at `offset`.
std::size_t merged_payload(Slab& s, std::size_t offset) {
  std::size_t payload = header_at(s, offset)->size;
  for (auto next = offset + sizeof(BlockHeader) + payload; next < s.size;) {
    const auto* following = header_at(s, next);
    if (following->used != 0) break;
    payload += sizeof(BlockHeader) + following->size;
    next = offset + sizeof(BlockHeader) + payload;
  }
  write_header(s, offset, payload, false);
  return payload;
}

void claim(Slab& s, std::size_t offset, std::size_t payload, std::size_t wanted) {
  if (payload >= wanted + 2 * sizeof(BlockHeader)) {
    write_header(s, offset + sizeof(BlockHeader) + wanted, payload - wanted - sizeof(BlockHeader), false);
    payload = wanted;
  }
  write_header(s, offset, payload, true);
  s.used += payload;
}

}  // namespace

Result<> LockedMemory::init(LockPolicy policy, std::size_t size) {
  auto& s = slab();
  const std::scoped_lock lock(s.mutex);
  if (s.base != nullptr) return !s.locked && policy == LockPolicy::require ? lock_slab(s, policy, Pages::now) : ok();
  no_core_dumps();
  return map_slab(s, policy, size, Pages::now);
}

Result<> LockedMemory::after_fork(LockPolicy policy, std::size_t size) {
  auto& s = slab();
  const std::scoped_lock lock(s.mutex);
  no_core_dumps();
  if (s.base != nullptr) ::munmap(s.base, s.size);
  s.base = nullptr;
  s.locked = false;
  return map_slab(s, policy, size, Pages::as_used);
}

bool LockedMemory::locked() noexcept { return slab().locked; }
std::size_t LockedMemory::size() noexcept { return slab().size; }
std::size_t LockedMemory::used() noexcept { return slab().used; }

std::uint8_t* slab_allocate(std::size_t size) {
  auto& s = slab();
  if (s.base == nullptr && !LockedMemory::init(LockPolicy::prefer)) throw OutOfSecretMemory();
  const std::scoped_lock lock(s.mutex);
  const auto wanted = (size + 15) / 16 * 16;
  for (std::size_t offset = 0; offset < s.size;) {
    const auto* header = header_at(s, offset);
    const auto payload = header->used != 0 ? header->size : merged_payload(s, offset);
    if (header->used == 0 && payload >= wanted) {
      claim(s, offset, payload, wanted);
      return s.base + offset + sizeof(BlockHeader);
    }
    offset += sizeof(BlockHeader) + payload;
  }
  throw OutOfSecretMemory();
}

void slab_free(std::uint8_t* data) noexcept {
  auto& s = slab();
  const std::scoped_lock lock(s.mutex);
  const auto offset = static_cast<std::size_t>(data - s.base) - sizeof(BlockHeader);
  const auto payload = header_at(s, offset)->size;
  wipe({data, payload});
  s.used -= payload;
  write_header(s, offset, payload, false);
}

bool slab_owns(const std::uint8_t* data) noexcept {
  const auto& s = slab();
  return s.base != nullptr && data >= s.base && data < s.base + s.size;
}

}  // namespace sallyport::base
