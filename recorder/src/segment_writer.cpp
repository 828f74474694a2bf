#include "segment_writer.hpp"

#include "sallyport/recorder/recorder.hpp"

namespace sallyport::recorder {
namespace {

constexpr int kLevel = 3;
constexpr int kFloodLevel = 1;
constexpr std::uint64_t kFloodMs = 2000;  ///< a segment that fills faster than this is a flood

std::uint64_t in_ms(base::Milliseconds duration) { return static_cast<std::uint64_t>(duration.count()); }

}  // namespace

base::Result<std::uint64_t> SegmentWriter::open(ChunkType type, std::uint64_t now_ms, base::Bytes& queue) {
  if (!pending_.empty() && (pending_type_ != type || room() == 0 || segment_full(now_ms))) {
    SALLYPORT_TRYV(close(queue));
  }
  if (pending_.empty() && !fresh_ && segment_full(now_ms)) roll(now_ms - segment_ms_ < kFloodMs ? kFloodLevel : kLevel);
  if (fresh_) {
    SALLYPORT_TRYV(begin_segment(type, now_ms, queue));
  }
  return start_record(type, now_ms);
}

std::size_t SegmentWriter::room() const noexcept {
  const std::size_t used = pending_.size() + kMaxRecordHead;
  return used < kChunkFill ? kChunkFill - used : 0;
}

base::Result<> SegmentWriter::close(base::Bytes& queue) {
  if (pending_.empty()) return base::ok();
  SALLYPORT_TRY(auto piece, compressor_.piece(pending_));
  chunks_.seal(pending_type_, true, pending_ms_, piece, queue);
  last_content_ = chunks_.last().sequence;
  segment_plain_ += pending_.size();
  pending_.clear();
  return base::ok();
}

base::Result<> SegmentWriter::single(ChunkType type, std::uint64_t now_ms, base::ByteView payload, base::Bytes& queue) {
  SALLYPORT_TRYV(close(queue));
  chunks_.seal(type, false, now_ms, payload, queue);
  return base::ok();
}

base::Result<> SegmentWriter::rest(base::Bytes& queue) {
  SALLYPORT_TRYV(close(queue));
  roll(kLevel);
  return base::ok();
}

std::optional<std::uint64_t> SegmentWriter::pending_since() const noexcept {
  return pending_.empty() ? std::nullopt : std::optional(pending_ms_);
}

std::optional<std::uint64_t> SegmentWriter::rest_at() const noexcept {
  return fresh_ ? std::nullopt : std::optional(last_ms_ + in_ms(kSegmentSilence));
}

bool SegmentWriter::segment_full(std::uint64_t now_ms) const noexcept {
  return segment_plain_ >= kSegmentFill || now_ms - segment_ms_ >= in_ms(kSegmentAge) ||
         now_ms - last_ms_ >= in_ms(kSegmentSilence);
}

void SegmentWriter::roll(int level) {
  chunks_.next_segment();
  compressor_.reset(level);
  pending_ = {};
  segment_plain_ = 0;
  fresh_ = true;
}

base::Result<> SegmentWriter::begin_segment(ChunkType type, std::uint64_t now_ms, base::Bytes& queue) {
  fresh_ = false;
  segment_ms_ = now_ms;
  for (const auto& channel : channels_->all()) {
    put_opened(pending_, start_record(ChunkType::events, now_ms), {channel.number, channel.kind, true});
    if (channel.columns == 0) continue;
    put_resize(pending_, start_record(ChunkType::events, now_ms), {channel.number, channel.columns, channel.rows});
  }
  if (type != ChunkType::events) {
    SALLYPORT_TRYV(close(queue));
  }
  return base::ok();
}

std::uint64_t SegmentWriter::start_record(ChunkType type, std::uint64_t now_ms) {
  if (pending_.empty()) {
    pending_type_ = type;
    pending_ms_ = now_ms;
    last_ms_ = now_ms;
  }
  const std::uint64_t delta = now_ms - last_ms_;
  last_ms_ = now_ms;
  return delta;
}

}  // namespace sallyport::recorder
