#pragma once
// Finds a segment by its time without reading the file: by halving it, as far as clear headers tell. They are not
// authenticated; ChunkReader checks whatever is read at the place that was found.
#include <functional>
#include <optional>

#include "framing.hpp"
#include "sallyport/recorder/source.hpp"

namespace sallyport::recorder {

/// A chunk, and where it stands.
struct ChunkPlace {
  Clear clear;
  std::uint64_t offset = 0;
  std::uint64_t end() const noexcept { return offset + kClearSize + clear.sealed_size; }
};

class SegmentSearch {
 public:
  /// `source` outlives it; `first_chunk` is the offset behind the file's header.
  SegmentSearch(Source& source, std::uint64_t first_chunk) noexcept : source_(&source), first_chunk_(first_chunk) {}

  /// The first chunk of the segment in which that time lies; of the last one where it lies behind the end. Nothing
  /// where no chunk stands behind the header. In a file with times or numbers out of order: of any segment.
  base::Result<std::optional<ChunkPlace>> find(std::uint64_t time_ms);

 private:
  using Test = std::function<bool(const Clear&)>;
  /// Of the chunks before `end` the last one that passes, where those that pass stand first.
  base::Result<std::optional<ChunkPlace>> last(std::uint64_t end, const Test& passes);
  /// Hops from chunk to chunk for as long as they pass.
  base::Result<ChunkPlace> hop(ChunkPlace from, const Test& passes);
  base::Result<std::optional<ChunkPlace>> chunk_at(std::uint64_t offset);
  /// The first chunk that begins at `offset` or behind it, and before `end`.
  base::Result<std::optional<ChunkPlace>> next_chunk(std::uint64_t offset, std::uint64_t end);

  Source* source_;
  std::uint64_t first_chunk_;
};

}  // namespace sallyport::recorder
