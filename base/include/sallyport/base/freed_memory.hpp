#pragma once

namespace sallyport::base {

/// For secrets that a library freed without wiping them. An allocator gives the blocks that were freed last out again
/// first: this takes some of every size up to 16 KiB, wipes them and gives them back. Call it right after the library
/// did. A best effort, held to its word by a test that reads a session's memory.
void wipe_freed_blocks();

}  // namespace sallyport::base
