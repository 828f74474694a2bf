#pragma once
// What a recording says happened: the records inside chunks, for writer, player and exports.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sallyport/recorder/container.hpp"

namespace sallyport::recorder {

/// The broker's own number of a channel within the session.
using ChannelNumber = std::uint32_t;

enum class ChannelKind : std::uint8_t { shell = 1, exec = 2, sftp = 3, scp = 4, forward = 5, other = 6 };
enum class Stream : std::uint8_t { out = 1, err = 2 };
enum class Direction : std::uint8_t { to_target = 1, to_client = 2 };

enum class FileHow : std::uint8_t { sftp = 1, scp = 2 };
enum class FileAction : std::uint8_t {
  transfer = 1,
  remove = 2,
  rename = 3,
  make_directory = 4,
  remove_directory = 5,
  set_attributes = 6,
  link = 7,
  copy = 8,      ///< within the target: from `path` to `other_path`
  extension = 9  ///< a request that the broker does not know; `path` is its name
};
enum class FileOutcome : std::uint8_t {
  complete = 1,  ///< the target (or client) confirmed it
  partial = 2,   ///< some of it passed, then it stopped
  failed = 3,    ///< the target said no
  refused = 4,   ///< the broker said no, and the target never heard of it
  unknown = 5,   ///< it was passed on, and the answer was not seen
};

/// One file touched by sftp or scp. For a transfer `direction` tells upload (to_target) from download (to_client).
struct FileEvent {
  std::string path;  ///< as the peer wrote it; any bytes, at most kMaxPath
  Direction direction = Direction::to_target;
  std::uint64_t size = 0;              ///< bytes that passed
  std::optional<base::Digest> sha256;  ///< of those bytes; absent where they did not pass in order
  ChannelNumber channel = 0;
  FileHow how = FileHow::sftp;
  FileOutcome outcome = FileOutcome::complete;
  FileAction action = FileAction::transfer;
  std::string other_path;  ///< the new name of a rename, the link of a link; else empty
  std::string detail;      ///< what was asked for besides ("create, truncate, mode 0644"); no foreign text; kMaxDetail
  friend bool operator==(const FileEvent&, const FileEvent&) = default;
};

struct OutputRecord {
  ChannelNumber channel;
  Stream stream;
  base::ByteView bytes;
};
struct ResizeRecord {
  ChannelNumber channel;
  std::uint32_t columns;
  std::uint32_t rows;
};
struct OpenedRecord {
  ChannelNumber channel;
  ChannelKind kind;
  bool again;
};  ///< again: repeated at a segment's start
struct ClosedRecord {
  ChannelNumber channel;
  std::optional<std::uint32_t> exit_status;
};
struct CountsRecord {
  ChannelNumber channel;
  std::uint64_t to_target;
  std::uint64_t to_client;
};
struct CommandRecord {
  ChannelNumber channel;
  std::string_view text;
};
struct GapRecord {
  std::uint64_t from_ms;
  std::uint64_t to_ms;
  std::uint64_t bytes;
  GapReason reason;
  std::string text;
};
struct CheckpointRecord {
  Mark mark;
  base::Signature signature;
};
struct EndRecord {
  Totals totals;
};
struct MetaRecord {
  Meta fields;
};

/// One thing that happened. Views point into the Reader that gave it and are good until its next call.
struct Record {
  std::uint64_t time_ms = 0;   ///< since the session's start
  std::uint64_t sequence = 0;  ///< the chunk that it stands in
  std::uint32_t segment = 0;
  std::variant<OutputRecord, ResizeRecord, OpenedRecord, ClosedRecord, CountsRecord, CommandRecord, FileEvent,
               GapRecord, CheckpointRecord, EndRecord, MetaRecord>
      body;
};

std::string_view to_string(ChannelKind kind) noexcept;
std::string_view to_string(Direction direction) noexcept;
std::string_view to_string(FileHow how) noexcept;
std::string_view to_string(FileAction action) noexcept;
std::string_view to_string(FileOutcome outcome) noexcept;

}  // namespace sallyport::recorder
