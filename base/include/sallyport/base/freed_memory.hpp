#pragma once

#include <cstddef>

namespace sallyport::base {

/// For secrets of up to so many bytes that a library freed without wiping them. An allocator gives the blocks that were
/// freed last out again first: this takes some of every size up to that one, wipes them and gives them back. Call it
/// right after the library did. A best effort, held to its word by a test that reads a session's memory.
/// What it took of small sizes stays in the allocator's cache: 40 KB for secrets of 400 bytes, 240 KB from 1 KiB on.
void wipe_freed_blocks(std::size_t largest);

}  // namespace sallyport::base
