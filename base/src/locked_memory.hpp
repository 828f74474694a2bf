#pragma once
// The allocator behind SecretBytes. Thread-safe.
#include <cstddef>
#include <cstdint>

#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::base {

/// Throws OutOfSecretMemory when the slab is full: secrets never spill into ordinary memory.
std::uint8_t* slab_allocate(std::size_t size);
/// Wipes, then frees.
void slab_free(std::uint8_t* data) noexcept;
/// False for what was allocated before a fork: the slab of the parent is gone.
bool slab_owns(const std::uint8_t* data) noexcept;

}  // namespace sallyport::base
