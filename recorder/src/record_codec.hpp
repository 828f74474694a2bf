#pragma once
// Records inside EVENTS, COMMAND and FILE chunks. docs/recording_format.md, "Records".
#include "sallyport/recorder/record.hpp"

namespace sallyport::recorder {

enum class RecordKind : std::uint8_t {
  output = 1,
  error_output = 2,
  resize = 3,
  opened = 4,
  closed = 5,
  counts = 6,
  open_still = 7,
  command = 16,
  file = 17,          ///< with the words of version 1
  detailed_file = 18  ///< from version 2 on
};

inline constexpr std::size_t kMaxRecordHead = 64;  ///< more than any record takes besides its bytes, path and text

void put_varint(base::Bytes& out, std::uint64_t value);
base::Result<std::uint64_t> take_varint(base::Reader& reader);

/// Appends one record; `delta_ms` counts from the record before.
void put_output(base::Bytes& out, std::uint64_t delta_ms, const OutputRecord& record);
void put_resize(base::Bytes& out, std::uint64_t delta_ms, const ResizeRecord& record);
void put_opened(base::Bytes& out, std::uint64_t delta_ms, const OpenedRecord& record);
void put_closed(base::Bytes& out, std::uint64_t delta_ms, const ClosedRecord& record);
void put_counts(base::Bytes& out, std::uint64_t delta_ms, const CountsRecord& record);
void put_command(base::Bytes& out, std::uint64_t delta_ms, const CommandRecord& record);
void put_file(base::Bytes& out, std::uint64_t delta_ms, const FileEvent& event);

/// The next record of a chunk of that type. `time_ms` is that of the record before and is moved on. Views point into
/// the reader's bytes.
base::Result<Record> take_record(base::Reader& reader, ChunkType type, std::uint64_t& time_ms);

}  // namespace sallyport::recorder
