#pragma once
// Gathers records into chunks and chunks into segments. Times are ms since the session's start and never fall.
#include "channel_table.hpp"
#include "chunk_writer.hpp"
#include "compression.hpp"
#include "record_codec.hpp"

namespace sallyport::recorder {

class SegmentWriter {
 public:
  /// `channels` outlives it: a segment begins by repeating them.
  SegmentWriter(ChunkWriter chunks, ChannelTable& channels) : chunks_(std::move(chunks)), channels_(&channels) {}

  /// Makes a chunk of that type ready for one more record: put it into pending() with the delta that this returns.
  base::Result<std::uint64_t> open(ChunkType type, std::uint64_t now_ms, base::Bytes& queue);
  base::Bytes& pending() noexcept { return pending_; }
  /// What still fits before the chunk is full.
  std::size_t room() const noexcept;
  /// Seals what is pending, if anything.
  base::Result<> close(base::Bytes& queue);
  /// A chunk of its own: META, CHECKPOINT, GAP, END.
  base::Result<> single(ChunkType type, std::uint64_t now_ms, base::ByteView payload, base::Bytes& queue);
  /// After silence: ends the segment, wipes its key and lets go of the compressor.
  base::Result<> rest(base::Bytes& queue);

  /// When the oldest pending record was made; nothing when there is none.
  std::optional<std::uint64_t> pending_since() const noexcept;
  /// When rest() is due; nothing when it has been called since the last record.
  std::optional<std::uint64_t> rest_at() const noexcept;
  const ChunkWriter& chunks() const noexcept { return chunks_; }
  /// The last chunk of records; 0 (META) before the first.
  std::uint64_t last_content() const noexcept { return last_content_; }

 private:
  bool segment_full(std::uint64_t now_ms) const noexcept;
  void roll(int level);
  base::Result<> begin_segment(ChunkType type, std::uint64_t now_ms, base::Bytes& queue);
  std::uint64_t start_record(ChunkType type, std::uint64_t now_ms);

  ChunkWriter chunks_;
  ChannelTable* channels_;
  Compressor compressor_;
  base::Bytes pending_;
  ChunkType pending_type_ = ChunkType::events;
  std::uint64_t pending_ms_ = 0;  ///< time of the first pending record
  std::uint64_t last_ms_ = 0;     ///< of the last record
  std::uint64_t segment_ms_ = 0;
  std::size_t segment_plain_ = 0;
  std::uint64_t last_content_ = 0;
  bool fresh_ = true;  ///< the segment has no record yet
};

}  // namespace sallyport::recorder
