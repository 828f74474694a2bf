#pragma once
// One request of an SFTP client, read: draft-ietf-secsh-filexfer-02 (version 3), and OpenSSH's PROTOCOL, section 4.
#include <optional>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

enum SftpType : std::uint8_t {
  kInit = 1,
  kVersion = 2,
  kOpen = 3,
  kClose = 4,
  kRead = 5,
  kWrite = 6,
  kLstat = 7,
  kFstat = 8,
  kSetstat = 9,
  kFsetstat = 10,
  kOpendir = 11,
  kReaddir = 12,
  kRemove = 13,
  kMkdir = 14,
  kRmdir = 15,
  kRealpath = 16,
  kStat = 17,
  kRename = 18,
  kReadlink = 19,
  kSymlink = 20,
  kStatus = 101,
  kHandle = 102,
  kData = 103,
  kName = 104,
  kAttrs = 105,
  kExtended = 200,
  kExtendedReply = 201
};
enum SftpCode : std::uint32_t { kOk = 0, kEof = 1, kPermissionDenied = 3, kFailure = 4, kUnsupported = 8 };
enum SftpOpenFlag : std::uint32_t { kFlagWrite = 0x02, kFlagAppend = 0x04, kFlagCreate = 0x08, kFlagTruncate = 0x10 };

inline constexpr std::size_t kMaxSftpPacket = 512U << 10U;  ///< larger ones are not followed (OpenSSH takes 256 KiB)
inline constexpr std::size_t kMaxSftpHandle = 256;

struct SftpRequest {
  /// What it does to the target, and by what it names it.
  enum class Kind : unsigned char {
    look,  ///< changes nothing, by path or about the server
    open,
    open_directory,
    close,
    read,
    write,
    by_handle,    ///< changes nothing: FSTAT, READDIR ..
    change_file,  ///< FSETSTAT: the attributes of an open file
    change_name,  ///< by path: `action`
    copy,         ///< between two open files, within the target
    unknown,      ///< an extension that is not among OpenSSH's
  };
  Kind kind = Kind::look;
  std::uint32_t id = 0;
  std::string path;  ///< of an unknown extension: its name
  std::string other_path;
  std::string handle;
  std::string other_handle;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;               ///< of a copy; 0: to the end
  std::uint32_t flags = 0;                ///< of an OPEN
  base::ByteView data;                    ///< of a WRITE: a view into the packet
  std::optional<std::uint64_t> new_size;  ///< of an attribute change
  recorder::FileAction action = recorder::FileAction::transfer;
  std::string detail;  ///< what else it asks for, in words of our own; at most recorder::kMaxDetail
};

/// `packet` without its length. An Error where it is none of these: what comes then is not followed.
base::Result<SftpRequest> read_sftp_request(base::ByteView packet);
/// "write", "fsetstat" ..: for a person.
const char* to_string(SftpRequest::Kind kind) noexcept;
/// A whole packet that answers `id`.
base::Bytes sftp_status(std::uint32_t id, SftpCode code, std::string_view sentence);

}  // namespace sallyport::broker
