#include "sftp_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::broker {
namespace {

using base::Errc;
using base::Reader;
using base::Result;
using recorder::FileAction;
using Kind = SftpRequest::Kind;

enum : std::uint32_t {
  kAttrSize = 0x01,
  kAttrOwner = 0x02,
  kAttrMode = 0x04,
  kAttrTimes = 0x08,
  kAttrExtended = 0x80000000
};

Result<std::string> path_of(Reader& reader) {
  SALLYPORT_TRY(auto text, reader.text(recorder::kMaxPath));
  return std::string(text);
}

Result<std::string> handle_of(Reader& reader) {
  SALLYPORT_TRY(auto text, reader.text(kMaxSftpHandle));
  return std::string(text);
}

void say(std::string& detail, const std::string& what) {
  if (!detail.empty()) detail += ", ";
  detail += what;
}

/// ATTRS: what it sets, in words.
Result<> read_attributes(SftpRequest& request, Reader& reader) {
  SALLYPORT_TRY(const auto flags, reader.u32());
  if ((flags & kAttrSize) != 0) {
    SALLYPORT_TRY(request.new_size, reader.u64());
    say(request.detail, fmt::format("size {}", *request.new_size));
  }
  if ((flags & kAttrOwner) != 0) {
    SALLYPORT_TRY(const auto user, reader.u32());
    SALLYPORT_TRY(const auto group, reader.u32());
    say(request.detail, fmt::format("owner {}:{}", user, group));
  }
  if ((flags & kAttrMode) != 0) {
    SALLYPORT_TRY(const auto mode, reader.u32());
    say(request.detail, fmt::format("mode {:04o}", mode & 07777U));
  }
  if ((flags & kAttrTimes) != 0) {
    SALLYPORT_TRY(const auto accessed, reader.u32());
    SALLYPORT_TRY(const auto changed, reader.u32());
    say(request.detail, fmt::format("times {} {}", accessed, changed));
  }
  if ((flags & kAttrExtended) != 0) say(request.detail, "extended attributes");
  return base::ok();
}

Result<> read_open(SftpRequest& request, Reader& reader) {
  request.kind = Kind::open;
  SALLYPORT_TRY(request.path, path_of(reader));
  SALLYPORT_TRY(request.flags, reader.u32());
  if ((request.flags & kFlagCreate) != 0) say(request.detail, "create");
  if ((request.flags & kFlagTruncate) != 0) say(request.detail, "truncate");
  if ((request.flags & kFlagAppend) != 0) say(request.detail, "append");
  return read_attributes(request, reader);
}

Result<> read_by_handle(SftpRequest& request, Kind kind, Reader& reader) {
  request.kind = kind;
  SALLYPORT_TRY(request.handle, handle_of(reader));
  if (kind != Kind::read && kind != Kind::write) return base::ok();
  SALLYPORT_TRY(request.offset, reader.u64());
  if (kind != Kind::write) return base::ok();
  SALLYPORT_TRY(request.data, reader.block(kMaxSftpPacket));
  return base::ok();
}

Result<> read_change(SftpRequest& request, FileAction action, Reader& reader) {
  request.kind = Kind::change_name;
  request.action = action;
  SALLYPORT_TRY(request.path, path_of(reader));
  if (action == FileAction::rename || action == FileAction::link) {
    SALLYPORT_TRY(request.other_path, path_of(reader));
    return base::ok();
  }
  const bool sets = action == FileAction::set_attributes || action == FileAction::make_directory;
  return sets ? read_attributes(request, reader) : base::Result<>(base::ok());
}

Result<> read_look(SftpRequest& request, Kind kind, Reader& reader) {
  request.kind = kind;
  SALLYPORT_TRY(request.path, path_of(reader));
  return base::ok();
}

Result<> read_copy(SftpRequest& request, Reader& reader) {
  request.kind = Kind::copy;
  request.action = FileAction::copy;
  SALLYPORT_TRY(request.handle, handle_of(reader));
  SALLYPORT_TRY(request.offset, reader.u64());
  SALLYPORT_TRY(request.length, reader.u64());
  SALLYPORT_TRY(request.other_handle, handle_of(reader));
  SALLYPORT_TRY(const auto to, reader.u64());
  request.detail = fmt::format("from {} to {}{}", request.offset, to, request.length == 0 ? ", up to the end" : "");
  return base::ok();
}

Result<> read_extended(SftpRequest& request, Reader& reader) {
  static constexpr std::array<std::string_view, 5> kHarmless = {"statvfs@openssh.com", "limits@openssh.com",
                                                                "expand-path@openssh.com", "home-directory",
                                                                "users-groups-by-id@openssh.com"};
  SALLYPORT_TRY(const auto name, reader.text(kMaxSftpHandle));
  if (std::find(kHarmless.begin(), kHarmless.end(), name) != kHarmless.end()) return base::ok();
  if (name == "fstatvfs@openssh.com" || name == "fsync@openssh.com")
    return read_by_handle(request, Kind::by_handle, reader);
  if (name == "copy-data") return read_copy(request, reader);
  if (name == "lsetstat@openssh.com") return read_change(request, FileAction::set_attributes, reader);
  if (name == "posix-rename@openssh.com") {
    request.detail = "may replace";
    return read_change(request, FileAction::rename, reader);
  }
  if (name == "hardlink@openssh.com") {
    request.detail = "hard link";
    return read_change(request, FileAction::link, reader);
  }
  request.kind = Kind::unknown;
  request.action = FileAction::extension;
  request.path = name;
  return base::ok();
}

Result<> read_body(SftpRequest& request, std::uint8_t type, Reader& reader) {
  switch (type) {
    case kOpen:
      return read_open(request, reader);
    case kClose:
      return read_by_handle(request, Kind::close, reader);
    case kRead:
      return read_by_handle(request, Kind::read, reader);
    case kWrite:
      return read_by_handle(request, Kind::write, reader);
    case kFstat:
    case kReaddir:
      return read_by_handle(request, Kind::by_handle, reader);
    case kFsetstat: {
      SALLYPORT_TRYV(read_by_handle(request, Kind::change_file, reader));
      request.action = FileAction::set_attributes;
      return read_attributes(request, reader);
    }
    case kSetstat:
      return read_change(request, FileAction::set_attributes, reader);
    case kRemove:
      return read_change(request, FileAction::remove, reader);
    case kMkdir:
      return read_change(request, FileAction::make_directory, reader);
    case kRmdir:
      return read_change(request, FileAction::remove_directory, reader);
    case kRename:
      return read_change(request, FileAction::rename, reader);
    case kSymlink:
      request.detail = "symbolic link";
      return read_change(request, FileAction::link, reader);
    case kOpendir:
      return read_look(request, Kind::open_directory, reader);
    case kLstat:
    case kRealpath:
    case kStat:
    case kReadlink:
      return read_look(request, Kind::look, reader);
    case kExtended:
      return read_extended(request, reader);
    default:
      return base::fail(Errc::invalid, "a request of no known type");
  }
}

}  // namespace

Result<SftpRequest> read_sftp_request(base::ByteView packet) {
  Reader reader(packet);
  SALLYPORT_TRY(const auto type, reader.u8());
  SftpRequest request;
  SALLYPORT_TRY(request.id, reader.u32());
  SALLYPORT_TRYV(read_body(request, type, reader));
  return request;
}

const char* to_string(SftpRequest::Kind kind) noexcept {
  switch (kind) {
    case Kind::look:
      return "look";
    case Kind::open:
      return "open";
    case Kind::open_directory:
      return "opendir";
    case Kind::close:
      return "close";
    case Kind::read:
      return "read";
    case Kind::write:
      return "write";
    case Kind::by_handle:
      return "look at an open file";
    case Kind::change_file:
      return "fsetstat";
    case Kind::change_name:
      return "change";
    case Kind::copy:
      return "copy-data";
    case Kind::unknown:
      return "extension";
  }
  return "request";
}

base::Bytes sftp_status(std::uint32_t id, SftpCode code, std::string_view sentence) {
  base::Writer body;
  body.u8(kStatus).u32(id).u32(code).block(sentence).block(std::string_view("en"));
  base::Writer out;
  out.block(body.bytes());
  return std::move(out).take();
}

}  // namespace sallyport::broker
