#include "sallyport/base/freed_memory.hpp"

#include <string.h>

#include <array>
#include <cstddef>
#include <memory>

namespace sallyport::base {
namespace {

// glibc keeps seven freed blocks of each size up to 1 KiB, in steps of 16; larger ones are merged.
constexpr std::size_t kBlocks = 8;
constexpr std::size_t kSmallest = 24;
constexpr std::size_t kStep = 16;
constexpr std::size_t kLastStep = 1040;

void wipe_blocks_of(std::size_t size) {
  std::array<std::unique_ptr<std::byte[]>, kBlocks> blocks;
  for (auto& block : blocks) {
    block = std::make_unique_for_overwrite<std::byte[]>(size);
    explicit_bzero(block.get(), size);
  }
}

}  // namespace

void wipe_freed_blocks(std::size_t largest) {
  std::size_t size = kSmallest;
  while (size < largest) {
    wipe_blocks_of(size);
    size = size < kLastStep ? size + kStep : size * 2;
  }
  wipe_blocks_of(size);
}

}  // namespace sallyport::base
