#pragma once
// Finds a segment by its time without reading the file: by halving it, as far as clear headers tell. They are not
// authenticated; ChunkReader checks whatever is read at the place that was found.
#include <functional>
#include <optional>

#include "framing.hpp"
#include "sallyport/recorder/source.hpp"

namespace sallyport::recorder {

/// Where the first chunk of a segment must stand, and what number it must have.
struct SegmentStart {
  std::uint64_t offset = 0;
  std::uint64_t sequence = 0;
  std::uint64_t time_ms = 0;  ///< of the chunk before: it does not begin earlier
  std::uint32_t segment = 0;
};

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

  /// The segment in which that time lies; the last one where it lies behind the end; the first where there is no chunk.
  /// In a damaged file, or one with times or numbers out of order, any, and what should stand there may not.
  base::Result<SegmentStart> find(std::uint64_t time_ms);

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
