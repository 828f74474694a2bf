#include "sallyport/broker/sftp_tracker.hpp"

#include <algorithm>

namespace sallyport::broker {
namespace {

using base::Errc;
using recorder::FileAction;
using recorder::FileOutcome;

enum : std::uint8_t {
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
constexpr std::uint32_t kFlagWrite = 0x02;
constexpr std::uint32_t kStatusOk = 0;
constexpr std::uint32_t kStatusEof = 1;
constexpr std::uint32_t kProtocol = 3;

base::Error confused(const char* what) { return base::fail(Errc::invalid, what); }

base::Result<std::string> path_of(base::Reader& reader) {
  SALLYPORT_TRY(auto text, reader.text(recorder::kMaxPath));
  return std::string(text);
}

base::Result<std::string> handle_of(base::Reader& reader) {
  SALLYPORT_TRY(auto text, reader.text(SftpTracker::kMaxHandleText));
  return std::string(text);
}

std::optional<FileAction> action_of(std::uint8_t type) {
  switch (type) {
    case kSetstat:
      return FileAction::set_attributes;
    case kRemove:
      return FileAction::remove;
    case kMkdir:
      return FileAction::make_directory;
    case kRmdir:
      return FileAction::remove_directory;
    case kRename:
      return FileAction::rename;
    case kSymlink:
      return FileAction::link;
    default:
      return std::nullopt;
  }
}

}  // namespace

// ---- InOrderHash

void InOrderHash::add(std::uint64_t offset, base::ByteView bytes, std::size_t& budget) {
  passed_ += bytes.size();
  if (lost_ || bytes.empty()) return;
  if (offset < front_ || waiting_.contains(offset)) return give_up(budget);
  if (offset > front_) {
    if (bytes.size() > budget) return give_up(budget);
    budget -= bytes.size();
    waiting_.emplace(offset, base::Bytes(bytes.begin(), bytes.end()));
    return;
  }
  hash_.update(bytes);
  front_ += bytes.size();
  drain(budget);
}

void InOrderHash::drain(std::size_t& budget) {
  while (!waiting_.empty() && waiting_.begin()->first <= front_) {
    const auto& [offset, bytes] = *waiting_.begin();
    if (offset < front_) return give_up(budget);
    hash_.update(bytes);
    front_ += bytes.size();
    budget += bytes.size();
    waiting_.erase(waiting_.begin());
  }
}

void InOrderHash::give_up(std::size_t& budget) {
  lost_ = true;
  for (const auto& [offset, bytes] : waiting_) budget += bytes.size();
  waiting_.clear();
}

std::optional<base::Digest> InOrderHash::finish(std::size_t& budget) {
  const bool whole = !lost_ && waiting_.empty();
  give_up(budget);
  if (!whole) return std::nullopt;
  return hash_.finish();
}

// ---- SftpTracker: packets

void SftpTracker::on_client(base::ByteView bytes) { feed(from_client_, bytes, true); }
void SftpTracker::on_target(base::ByteView bytes) { feed(from_target_, bytes, false); }

void SftpTracker::feed(base::Bytes& buffer, base::ByteView bytes, bool from_client) {
  if (!following_) return;
  // Whole packets are read where they are; only the front of the last one is kept.
  const bool joined = !buffer.empty();
  if (joined) buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  base::ByteView rest = joined ? base::ByteView(buffer) : bytes;
  while (following_ && rest.size() >= 4) {
    const std::size_t length =
        (std::size_t{rest[0]} << 24U) | (std::size_t{rest[1]} << 16U) | (std::size_t{rest[2]} << 8U) | rest[3];
    if (length == 0 || length > kMaxPacket) return stop();
    if (rest.size() - 4 < length) break;
    if (!on_packet(rest.subspan(4, length), from_client)) return stop();
    rest = rest.subspan(4 + length);
  }
  buffer = base::Bytes(rest.begin(), rest.end());
}

base::Result<> SftpTracker::on_packet(base::ByteView packet, bool from_client) {
  const std::uint8_t type = packet[0];
  if (from_client && !client_greeted_) {
    client_greeted_ = true;
    return type == kInit ? base::Result<>(base::ok()) : confused("no INIT first");
  }
  if (from_client) return on_request(packet);
  if (target_greeted_) return on_reply(packet);
  target_greeted_ = true;
  base::Reader reader(packet.subspan(1));
  SALLYPORT_TRY(const auto version, reader.u32());
  return type == kVersion && version <= kProtocol ? base::Result<>(base::ok()) : confused("another SFTP version");
}

base::Result<> SftpTracker::on_request(base::ByteView packet) {
  base::Reader reader(packet.subspan(1));
  SALLYPORT_TRY(const auto id, reader.u32());
  Pending request;
  request.type = packet[0];
  request.action = action_of(request.type);
  SALLYPORT_TRYV(read_request(request, reader));
  if (request.type == kWrite) {
    SALLYPORT_TRY(const auto data, reader.block(kMaxPacket));
    SALLYPORT_TRYV(on_write(request, data));
  }
  if (pending_.size() >= kMaxRequests) return confused("too many open requests");
  if (!pending_.emplace(id, std::move(request)).second) return confused("a request number is used twice");
  return base::ok();
}

base::Result<> SftpTracker::read_request(Pending& request, base::Reader& reader) {
  switch (request.type) {
    case kOpen: {
      SALLYPORT_TRY(request.path, path_of(reader));
      SALLYPORT_TRY(const auto flags, reader.u32());
      request.writes = (flags & kFlagWrite) != 0;
      return base::ok();
    }
    case kRead:
    case kWrite: {
      SALLYPORT_TRY(request.handle, handle_of(reader));
      SALLYPORT_TRY(request.offset, reader.u64());
      return base::ok();
    }
    case kClose:
    case kFstat:
    case kFsetstat:
    case kReaddir: {
      SALLYPORT_TRY(request.handle, handle_of(reader));
      return base::ok();
    }
    case kRename:
    case kSymlink: {
      SALLYPORT_TRY(request.path, path_of(reader));
      SALLYPORT_TRY(request.other_path, path_of(reader));
      return base::ok();
    }
    case kLstat:
    case kSetstat:
    case kOpendir:
    case kRemove:
    case kMkdir:
    case kRmdir:
    case kRealpath:
    case kStat:
    case kReadlink: {
      SALLYPORT_TRY(request.path, path_of(reader));
      return base::ok();
    }
    case kExtended:
      return read_extended(request, reader);
    default:
      return confused("a request of no known type");
  }
}

/// OpenSSH's PROTOCOL, section 4.
base::Result<> SftpTracker::read_extended(Pending& request, base::Reader& reader) {
  SALLYPORT_TRY(const auto name, reader.text(kMaxHandleText));
  if (name == "posix-rename@openssh.com")
    request.action = FileAction::rename;
  else if (name == "hardlink@openssh.com")
    request.action = FileAction::link;
  else if (name == "lsetstat@openssh.com")
    request.action = FileAction::set_attributes;
  if (request.action) {
    SALLYPORT_TRY(request.path, path_of(reader));
  }
  if (request.action && request.action != FileAction::set_attributes) {
    SALLYPORT_TRY(request.other_path, path_of(reader));
  }
  if (name != "copy-data") return base::ok();
  // The target copies between two of its own handles: the bytes do not pass here, so there is no hash of what is
  // written.
  SALLYPORT_TRYV(handle_of(reader));
  SALLYPORT_TRYV(reader.take(16));
  SALLYPORT_TRY(const auto to, handle_of(reader));
  if (const auto file = open_.find(to); file != open_.end() && file->second.written)
    file->second.written->give_up(budget_);
  return base::ok();
}

base::Result<> SftpTracker::on_write(const Pending& request, base::ByteView data) {
  const auto file = open_.find(request.handle);
  // The target will refuse a handle that it never gave; on_status() minds if it does not.
  if (file != open_.end() && file->second.written) file->second.written->add(request.offset, data, budget_);
  return base::ok();
}

// ---- SftpTracker: replies

base::Result<> SftpTracker::on_reply(base::ByteView packet) {
  base::Reader reader(packet.subspan(1));
  SALLYPORT_TRY(const auto id, reader.u32());
  auto node = pending_.extract(id);
  if (node.empty()) return confused("a reply to no request");
  Pending& request = node.mapped();
  switch (packet[0]) {
    case kStatus: {
      SALLYPORT_TRY(const auto code, reader.u32());
      return on_status(request, code);
    }
    case kHandle: {
      SALLYPORT_TRY(auto handle, handle_of(reader));
      return on_handle(request, std::move(handle));
    }
    case kData: {
      SALLYPORT_TRY(const auto data, reader.block(kMaxPacket));
      return on_data(request, data);
    }
    case kName:
    case kAttrs:
    case kExtendedReply:
      return base::ok();
    default:
      return confused("a reply of no known type");
  }
}

base::Result<> SftpTracker::on_status(const Pending& request, std::uint32_t code) {
  if (request.action) {
    report_action(request, code == kStatusOk);
  } else if (request.type == kOpen) {
    OpenFile file{.path = request.path, .writes = request.writes};
    InOrderHash nothing;
    report_transfer(file, nothing, request.writes, FileOutcome::failed);
  } else if (request.type == kClose) {
    close(request.handle, code == kStatusOk);
  } else if (request.type == kWrite || (request.type == kRead && code != kStatusEof)) {
    const auto file = open_.find(request.handle);
    const bool known = file != open_.end() && (request.type == kRead || file->second.written);
    if (code != kStatusOk && known) file->second.failed = true;
    if (code == kStatusOk && !known) return confused("a write to a file that was not seen opened");
  } else if (request.type == kRead) {
    // The end of an empty file is a transfer, too.
    const auto file = open_.find(request.handle);
    if (file != open_.end() && !file->second.read) file->second.read.emplace();
  }
  return base::ok();
}

base::Result<> SftpTracker::on_handle(Pending& request, std::string handle) {
  if (request.type != kOpen && request.type != kOpendir) return confused("a handle for no open");
  if (open_.size() >= kMaxHandles) return confused("too many open files");
  OpenFile file{.path = std::move(request.path), .writes = request.writes};
  if (request.writes) file.written.emplace();
  if (!open_.emplace(std::move(handle), std::move(file)).second) return confused("a handle is given twice");
  return base::ok();
}

base::Result<> SftpTracker::on_data(const Pending& request, base::ByteView data) {
  const auto file = open_.find(request.handle);
  if (request.type != kRead || file == open_.end()) return confused("data that nobody asked for");
  if (!file->second.read) file->second.read.emplace();
  file->second.read->add(request.offset, data, budget_);
  return base::ok();
}

// ---- SftpTracker: events

void SftpTracker::close(const std::string& handle, bool done) {
  auto node = open_.extract(handle);
  if (node.empty()) return;
  OpenFile& file = node.mapped();
  const auto outcome = file.failed ? FileOutcome::failed : done ? FileOutcome::complete : FileOutcome::partial;
  if (file.read) report_transfer(file, *file.read, false, outcome);
  if (file.written) report_transfer(file, *file.written, true, outcome);
}

void SftpTracker::report_transfer(const OpenFile& file, InOrderHash& hash, bool upload, FileOutcome outcome) {
  auto event = blank_event(file.path);
  event.direction = upload ? recorder::Direction::to_target : recorder::Direction::to_client;
  event.size = hash.passed();
  event.sha256 = hash.finish(budget_);
  event.outcome = outcome;
  if (outcome == FileOutcome::failed && event.size == 0) event.sha256.reset();
  events_.push_back(std::move(event));
}

void SftpTracker::report_action(const Pending& request, bool done) {
  auto event = blank_event(request.path);
  event.action = *request.action;
  event.other_path = request.other_path;
  event.outcome = done ? FileOutcome::complete : FileOutcome::failed;
  events_.push_back(std::move(event));
}

recorder::FileEvent SftpTracker::blank_event(const std::string& path) const {
  recorder::FileEvent event;
  event.path = path;
  event.channel = channel_;
  event.how = recorder::FileHow::sftp;
  return event;
}

void SftpTracker::on_end() {
  while (!open_.empty()) {
    const std::string handle = open_.begin()->first;
    close(handle, false);
  }
  pending_.clear();
}

void SftpTracker::stop() {
  on_end();
  following_ = false;
  from_client_ = {};
  from_target_ = {};
}

}  // namespace sallyport::broker
