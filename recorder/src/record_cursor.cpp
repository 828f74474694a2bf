#include "record_cursor.hpp"

#include "record_codec.hpp"

namespace sallyport::recorder {

using base::Result;

std::string describe(const Finding& finding) {
  const std::string where = finding.chunk ? "chunk " + std::to_string(*finding.chunk) : "the file";
  return where + " at byte " + std::to_string(finding.offset) + ": " + finding.reason;
}

bool RecordCursor::is_single() const noexcept {
  switch (clear_.type) {
    case ChunkType::meta:
    case ChunkType::checkpoint:
    case ChunkType::gap:
    case ChunkType::end:
      return true;
    default:
      return false;
  }
}

Result<Record> RecordCursor::take_single() {
  const auto plain = rest_.rest();
  Record record{time_ms_, 0, 0, EndRecord{}};
  if (clear_.type == ChunkType::meta) {
    SALLYPORT_TRY(auto fields, decode_meta(plain));
    record.body = MetaRecord{std::move(fields)};
  } else if (clear_.type == ChunkType::checkpoint) {
    SALLYPORT_TRY(auto checkpoint, decode_checkpoint(plain));
    record.body = checkpoint;
  } else if (clear_.type == ChunkType::gap) {
    SALLYPORT_TRY(auto gap, decode_gap(plain));
    record.body = std::move(gap);
  } else {
    SALLYPORT_TRY(auto totals, decode_end(plain));
    record.body = EndRecord{std::move(totals)};
  }
  return record;
}

Result<std::optional<Record>> RecordCursor::next() {
  if (!single_ && (rest_.remaining() == 0 || is_reserved())) return std::optional<Record>{};
  auto record = single_ ? take_single() : take_record(rest_, clear_.type, time_ms_);
  if (!record) return base::fail(base::Errc::corrupt, describe({clear_.sequence, offset_, record.error().context()}));
  if (single_) {
    single_ = false;
    rest_ = base::Reader(base::ByteView{});
  }
  record.value().sequence = clear_.sequence;
  record.value().segment = clear_.segment;
  return std::optional<Record>(std::move(record).value());
}

}  // namespace sallyport::recorder
