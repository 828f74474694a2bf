#include "record_codec.hpp"

#include <algorithm>
#include <limits>

namespace sallyport::recorder {
namespace {

using base::Errc;
using base::fail;
using base::Result;

void put_head(base::Bytes& out, RecordKind kind, std::uint64_t delta_ms, ChannelNumber channel) {
  out.push_back(static_cast<std::uint8_t>(kind));
  put_varint(out, delta_ms);
  put_varint(out, channel);
}

void put_bytes(base::Bytes& out, base::ByteView bytes) {
  put_varint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class Enum>
void put_enum(base::Bytes& out, Enum value) {
  out.push_back(static_cast<std::uint8_t>(value));
}

Result<std::uint32_t> take_u32(base::Reader& reader) {
  SALLYPORT_TRY(auto value, take_varint(reader));
  if (value > std::numeric_limits<std::uint32_t>::max())
    return fail(Errc::corrupt, "a number in a record is too large");
  return static_cast<std::uint32_t>(value);
}

Result<base::ByteView> take_bytes(base::Reader& reader, std::size_t max) {
  SALLYPORT_TRY(auto size, take_varint(reader));
  if (size > max) return fail(Errc::corrupt, "a length in a record is out of bounds");
  return reader.take(static_cast<std::size_t>(size));
}

/// All enumerations of the format count from 1 without holes.
template <class Enum>
Result<Enum> take_enum(base::Reader& reader, Enum last) {
  SALLYPORT_TRY(auto value, reader.u8());
  if (value < 1 || value > static_cast<std::uint8_t>(last)) return fail(Errc::corrupt, "a record has an unknown value");
  return static_cast<Enum>(value);
}

/// Words that version 1 does not have.
bool is_detailed(const FileEvent& event) {
  return !event.detail.empty() || event.action > FileAction::link || event.outcome > FileOutcome::refused;
}

Result<FileEvent> take_file(base::Reader& reader, RecordKind kind, ChannelNumber channel) {
  const bool detailed = kind == RecordKind::detailed_file;
  FileEvent event;
  event.channel = channel;
  SALLYPORT_TRY(event.direction, take_enum(reader, Direction::to_client));
  SALLYPORT_TRY(event.how, take_enum(reader, FileHow::scp));
  SALLYPORT_TRY(event.action, take_enum(reader, detailed ? FileAction::extension : FileAction::link));
  SALLYPORT_TRY(event.outcome, take_enum(reader, detailed ? FileOutcome::unknown : FileOutcome::refused));
  SALLYPORT_TRY(event.size, take_varint(reader));
  SALLYPORT_TRY(auto hashed, reader.u8());
  if (hashed > 1) return fail(Errc::corrupt, "a file record has an unknown value");
  if (hashed == 1) {
    SALLYPORT_TRY(auto view, reader.take(32));
    std::copy(view.begin(), view.end(), event.sha256.emplace().begin());
  }
  SALLYPORT_TRY(auto path, take_bytes(reader, kMaxPath));
  event.path = std::string(base::as_text(path));
  SALLYPORT_TRY(auto other, take_bytes(reader, kMaxPath));
  event.other_path = std::string(base::as_text(other));
  if (!detailed) return event;
  SALLYPORT_TRY(auto detail, take_bytes(reader, kMaxDetail));
  event.detail = std::string(base::as_text(detail));
  return event;
}

Result<ClosedRecord> take_closed(base::Reader& reader, ChannelNumber channel) {
  SALLYPORT_TRY(auto known, reader.u8());
  if (known > 1) return fail(Errc::corrupt, "a closed record has an unknown value");
  ClosedRecord record{channel, std::nullopt};
  if (known == 1) {
    SALLYPORT_TRY(auto status, take_u32(reader));
    record.exit_status = status;
  }
  return record;
}

/// Which chunk a record of that kind may stand in.
bool belongs(RecordKind kind, ChunkType type) {
  if (kind == RecordKind::command) return type == ChunkType::command;
  if (kind == RecordKind::file || kind == RecordKind::detailed_file) return type == ChunkType::file;
  return type == ChunkType::events;
}

Result<> take_body(base::Reader& reader, RecordKind kind, ChannelNumber channel, Record& record) {
  switch (kind) {
    case RecordKind::output:
    case RecordKind::error_output: {
      SALLYPORT_TRY(auto bytes, take_bytes(reader, kMaxPlain));
      record.body = OutputRecord{channel, kind == RecordKind::output ? Stream::out : Stream::err, bytes};
      return base::ok();
    }
    case RecordKind::resize: {
      SALLYPORT_TRY(auto columns, take_u32(reader));
      SALLYPORT_TRY(auto rows, take_u32(reader));
      record.body = ResizeRecord{channel, columns, rows};
      return base::ok();
    }
    case RecordKind::opened:
    case RecordKind::open_still: {
      SALLYPORT_TRY(auto what, take_enum(reader, ChannelKind::other));
      record.body = OpenedRecord{channel, what, kind == RecordKind::open_still};
      return base::ok();
    }
    case RecordKind::closed: {
      SALLYPORT_TRY(auto closed, take_closed(reader, channel));
      record.body = closed;
      return base::ok();
    }
    case RecordKind::counts: {
      SALLYPORT_TRY(auto to_target, take_varint(reader));
      SALLYPORT_TRY(auto to_client, take_varint(reader));
      record.body = CountsRecord{channel, to_target, to_client};
      return base::ok();
    }
    case RecordKind::command: {
      SALLYPORT_TRY(auto text, take_bytes(reader, kMaxCommand));
      record.body = CommandRecord{channel, base::as_text(text)};
      return base::ok();
    }
    case RecordKind::file:
    case RecordKind::detailed_file: {
      SALLYPORT_TRY(auto event, take_file(reader, kind, channel));
      record.body = std::move(event);
      return base::ok();
    }
  }
  return fail(Errc::corrupt, "a record's kind is not known");
}

}  // namespace

void put_varint(base::Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

Result<std::uint64_t> take_varint(base::Reader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    SALLYPORT_TRY(auto byte, reader.u8());
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
  return fail(Errc::corrupt, "a number in a record is too long");
}

void put_output(base::Bytes& out, std::uint64_t delta_ms, const OutputRecord& record) {
  put_head(out, record.stream == Stream::out ? RecordKind::output : RecordKind::error_output, delta_ms, record.channel);
  put_bytes(out, record.bytes);
}

void put_resize(base::Bytes& out, std::uint64_t delta_ms, const ResizeRecord& record) {
  put_head(out, RecordKind::resize, delta_ms, record.channel);
  put_varint(out, record.columns);
  put_varint(out, record.rows);
}

void put_opened(base::Bytes& out, std::uint64_t delta_ms, const OpenedRecord& record) {
  put_head(out, record.again ? RecordKind::open_still : RecordKind::opened, delta_ms, record.channel);
  put_enum(out, record.kind);
}

void put_closed(base::Bytes& out, std::uint64_t delta_ms, const ClosedRecord& record) {
  put_head(out, RecordKind::closed, delta_ms, record.channel);
  out.push_back(record.exit_status ? 1 : 0);
  if (record.exit_status) put_varint(out, *record.exit_status);
}

void put_counts(base::Bytes& out, std::uint64_t delta_ms, const CountsRecord& record) {
  put_head(out, RecordKind::counts, delta_ms, record.channel);
  put_varint(out, record.to_target);
  put_varint(out, record.to_client);
}

void put_command(base::Bytes& out, std::uint64_t delta_ms, const CommandRecord& record) {
  put_head(out, RecordKind::command, delta_ms, record.channel);
  put_bytes(out, base::as_bytes(record.text));
}

void put_file(base::Bytes& out, std::uint64_t delta_ms, const FileEvent& event) {
  const bool detailed = is_detailed(event);
  put_head(out, detailed ? RecordKind::detailed_file : RecordKind::file, delta_ms, event.channel);
  put_enum(out, event.direction);
  put_enum(out, event.how);
  put_enum(out, event.action);
  put_enum(out, event.outcome);
  put_varint(out, event.size);
  out.push_back(event.sha256 ? 1 : 0);
  if (event.sha256) out.insert(out.end(), event.sha256->begin(), event.sha256->end());
  put_bytes(out, base::as_bytes(event.path));
  put_bytes(out, base::as_bytes(event.other_path));
  if (detailed) put_bytes(out, base::as_bytes(event.detail));
}

Result<Record> take_record(base::Reader& reader, ChunkType type, std::uint64_t& time_ms) {
  SALLYPORT_TRY(auto kind, reader.u8());
  SALLYPORT_TRY(auto delta, take_varint(reader));
  SALLYPORT_TRY(auto channel, take_u32(reader));
  if (!belongs(static_cast<RecordKind>(kind), type))
    return fail(Errc::corrupt, "a record stands in a chunk of the wrong type");
  if (delta > std::numeric_limits<std::uint64_t>::max() - time_ms)
    return fail(Errc::corrupt, "a record's time is out of bounds");
  time_ms += delta;
  Record record{time_ms, 0, 0, EndRecord{}};
  SALLYPORT_TRYV(take_body(reader, static_cast<RecordKind>(kind), channel, record));
  return record;
}

}  // namespace sallyport::recorder
