// The words of enumerations for people and JSON.
#include "sallyport/recorder/record.hpp"
#include "sallyport/recorder/recorder.hpp"
#include "sallyport/recorder/verify.hpp"

namespace sallyport::recorder {

std::string_view to_string(ChunkType type) noexcept {
  switch (type) {
    case ChunkType::meta:
      return "meta";
    case ChunkType::keyframe:
      return "keyframe";
    case ChunkType::events:
      return "events";
    case ChunkType::text:
      return "text";
    case ChunkType::command:
      return "command";
    case ChunkType::file:
      return "file";
    case ChunkType::checkpoint:
      return "checkpoint";
    case ChunkType::gap:
      return "gap";
    case ChunkType::end:
      return "end";
  }
  return "unknown";
}

std::string_view to_string(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::closed:
      return "closed";
    case EndReason::limit:
      return "limit";
    case EndReason::ended:
      return "ended";
    case EndReason::vault_lost:
      return "vault_lost";
    case EndReason::error:
      return "error";
  }
  return "unknown";
}

std::string_view to_string(GapReason reason) noexcept {
  switch (reason) {
    case GapReason::policy:
      return "policy";
    case GapReason::redaction:
      return "redaction";
    case GapReason::other:
      return "other";
  }
  return "unknown";
}

std::string_view to_string(ChannelKind kind) noexcept {
  switch (kind) {
    case ChannelKind::shell:
      return "shell";
    case ChannelKind::exec:
      return "exec";
    case ChannelKind::sftp:
      return "sftp";
    case ChannelKind::scp:
      return "scp";
    case ChannelKind::forward:
      return "forward";
    case ChannelKind::other:
      return "other";
  }
  return "unknown";
}

std::string_view to_string(Direction direction) noexcept {
  switch (direction) {
    case Direction::to_target:
      return "to_target";
    case Direction::to_client:
      return "to_client";
  }
  return "unknown";
}

std::string_view to_string(FileHow how) noexcept {
  switch (how) {
    case FileHow::sftp:
      return "sftp";
    case FileHow::scp:
      return "scp";
  }
  return "unknown";
}

std::string_view to_string(FileAction action) noexcept {
  switch (action) {
    case FileAction::transfer:
      return "transfer";
    case FileAction::remove:
      return "remove";
    case FileAction::rename:
      return "rename";
    case FileAction::make_directory:
      return "make_directory";
    case FileAction::remove_directory:
      return "remove_directory";
    case FileAction::set_attributes:
      return "set_attributes";
    case FileAction::link:
      return "link";
    case FileAction::copy:
      return "copy";
    case FileAction::extension:
      return "extension";
  }
  return "unknown";
}

std::string_view to_string(FileOutcome outcome) noexcept {
  switch (outcome) {
    case FileOutcome::complete:
      return "complete";
    case FileOutcome::partial:
      return "partial";
    case FileOutcome::failed:
      return "failed";
    case FileOutcome::refused:
      return "refused";
    case FileOutcome::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view to_string(RecorderState state) noexcept {
  switch (state) {
    case RecorderState::starting:
      return "starting";
    case RecorderState::recording:
      return "recording";
    case RecorderState::blocked:
      return "blocked";
    case RecorderState::failed:
      return "failed";
    case RecorderState::ended:
      return "ended";
  }
  return "unknown";
}

std::string_view to_string(RecordingState state) noexcept {
  switch (state) {
    case RecordingState::complete:
      return "complete";
    case RecordingState::gap:
      return "gap";
    case RecordingState::truncated:
      return "truncated";
    case RecordingState::missing:
      return "missing";
    case RecordingState::tampered:
      return "tampered";
    case RecordingState::running:
      return "running";
    case RecordingState::none:
      return "none";
  }
  return "unknown";
}

}  // namespace sallyport::recorder
