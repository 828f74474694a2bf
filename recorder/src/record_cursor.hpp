#pragma once
// The records of one checked chunk.
#include "chunk_reader.hpp"

namespace sallyport::recorder {

/// "chunk 7 at byte 40312: ..."
std::string describe(const Finding& finding);

class RecordCursor {
 public:
  RecordCursor() noexcept : rest_(base::ByteView{}) {}
  /// Views into the chunk's plaintext.
  explicit RecordCursor(const Chunk& chunk) noexcept
      : clear_(chunk.clear),
        offset_(chunk.offset),
        rest_(chunk.plain),
        time_ms_(chunk.clear.time_ms),
        single_(is_single()) {}
  /// Errc::corrupt, naming the chunk, for what the format does not allow.
  base::Result<std::optional<Record>> next();

 private:
  bool is_single() const noexcept;
  bool is_reserved() const noexcept { return clear_.type == ChunkType::keyframe || clear_.type == ChunkType::text; }
  base::Result<Record> take_single();

  Clear clear_;
  std::uint64_t offset_ = 0;
  base::Reader rest_;
  std::uint64_t time_ms_ = 0;
  bool single_ = false;  ///< the whole chunk is one record, and it has not been given yet
};

}  // namespace sallyport::recorder
