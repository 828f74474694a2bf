#include "sallyport/broker/sftp_tracker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sftp_files.hpp"

namespace sallyport::broker {

using base::Errc;
using base::Result;
using recorder::Direction;
using recorder::FileEvent;
using recorder::FileOutcome;
using Kind = SftpRequest::Kind;

namespace {

constexpr std::uint32_t kProtocol = 3;

base::Error confused(const char* what) { return base::fail(Errc::invalid, what); }

bool has_nul(const std::string& path) { return path.find('\0') != std::string::npos; }

}  // namespace

struct SftpTracker::Refusal {
  SftpCode code;
  const char* why;
};

// ---- Packets

void SftpTracker::on_client(base::Bytes& bytes) {
  unpassed_from_ = next_order_;
  feed(from_client_, bytes, true);
  unpassed_from_ = UINT64_MAX;
}

void SftpTracker::on_target(base::Bytes& bytes) {
  feed(from_target_, bytes, false);
  if (!following_) return;
  const auto answers = take_answers();
  bytes.insert(bytes.end(), answers.begin(), answers.end());
}

/// What passes stays in `bytes`; the front of the last packet waits for its rest.
void SftpTracker::feed(base::Bytes& front, base::Bytes& bytes, bool from_client) {
  if (!following_) return bytes.clear();
  if (!front.empty()) {
    front.insert(front.end(), bytes.begin(), bytes.end());
    bytes = std::exchange(front, {});
  }
  std::size_t at = 0;
  std::size_t kept = 0;
  while (bytes.size() - at >= 4) {
    const base::ByteView rest = base::ByteView(bytes).subspan(at);
    const std::size_t length =
        (std::size_t{rest[0]} << 24U) | (std::size_t{rest[1]} << 16U) | (std::size_t{rest[2]} << 8U) | rest[3];
    if (length == 0 || length > kMaxSftpPacket) return lose(bytes);
    if (rest.size() - 4 < length) break;
    const auto passes = on_packet(rest.subspan(4, length), from_client);
    if (!passes) return lose(bytes);
    if (passes.value() && kept != at)
      std::copy_n(rest.begin(), 4 + length, bytes.begin() + static_cast<std::ptrdiff_t>(kept));
    if (passes.value()) kept += 4 + length;
    at += 4 + length;
  }
  front.assign(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
  bytes.resize(kept);
}

Result<bool> SftpTracker::on_packet(base::ByteView packet, bool from_client) {
  bool& greeted = from_client ? client_greeted_ : target_greeted_;
  if (!greeted) {
    greeted = true;
    SALLYPORT_TRYV(on_greeting(packet, from_client));
    return true;
  }
  if (from_client) return on_request(packet);
  SALLYPORT_TRYV(on_reply(packet));
  return true;
}

Result<> SftpTracker::on_greeting(base::ByteView packet, bool from_client) {
  base::Reader reader(packet);
  SALLYPORT_TRY(const auto type, reader.u8());
  SALLYPORT_TRY(const auto version, reader.u32());
  if (type != (from_client ? kInit : kVersion)) return confused("no greeting first");
  if (!from_client && version > kProtocol) return confused("another SFTP version");
  return base::ok();
}

Result<bool> SftpTracker::on_request(base::ByteView packet) {
  // What a request means hangs on the version, which the target has not said yet.
  if (!target_greeted_) return confused("a request before the target's greeting");
  SALLYPORT_TRY(auto request, read_sftp_request(packet));
  if (pending_.contains(request.id)) return confused("a request number is used twice");
  if (pending_.size() >= kMaxRequests) return confused("too many open requests");
  if (const auto refusal = refusal_of(request)) return refuse(request, *refusal);
  accept(request);
  return true;
}

/// Nothing of a feed that is not understood passes, also not what came before that in it.
void SftpTracker::lose(base::Bytes& bytes) {
  bytes.clear();
  on_end();
  following_ = false;
  from_client_ = {};
  from_target_ = {};
  answers_ = {};
}

// ---- Requests that do not pass

std::shared_ptr<SftpTracker::File> SftpTracker::open_file(const std::string& handle) const {
  const auto found = open_.find(handle);
  return found == open_.end() || found->second->closing ? nullptr : found->second;
}

std::optional<SftpTracker::Refusal> SftpTracker::refusal_of(const SftpRequest& request) const {
  constexpr Refusal kNotOpen{kFailure, "no open file has this handle"};
  switch (request.kind) {
    case Kind::unknown:
      return Refusal{kUnsupported, "not known to this broker"};
    case Kind::close:
    case Kind::read:
    case Kind::by_handle:
    case Kind::change_file:
      return open_file(request.handle) ? std::nullopt : std::optional(kNotOpen);
    case Kind::write: {
      const auto file = open_file(request.handle);
      if (!file) return kNotOpen;
      return file->writes ? std::nullopt : std::optional(Refusal{kPermissionDenied, "not open for writing"});
    }
    case Kind::copy:
      return open_file(request.handle) && open_file(request.other_handle) ? std::nullopt : std::optional(kNotOpen);
    default:
      break;
  }
  // Where a target takes it for the end of the path, the event would name another file.
  if (has_nul(request.path) || has_nul(request.other_path)) return Refusal{kFailure, "a zero byte in a path"};
  if (text_ + request.path.size() + request.other_path.size() > kMaxText) return Refusal{kFailure, "too much at once"};
  return std::nullopt;
}

Result<bool> SftpTracker::refuse(const SftpRequest& request, const Refusal& refusal) {
  if (answers_.size() >= kMaxAnswers) return confused("too many requests that are refused");
  const auto answer = sftp_status(request.id, refusal.code, refusal.why);
  answers_.insert(answers_.end(), answer.begin(), answer.end());
  if (++refused_ > kMaxRefusals) return false;
  auto event = event_of(request);
  event.outcome = FileOutcome::refused;
  if (request.kind == Kind::read) event.direction = Direction::to_client;
  event.detail = fmt::format("{}: {}", to_string(request.kind), refusal.why);
  events_.push_back(std::move(event));
  return false;
}

// ---- Requests that pass

FileEvent SftpTracker::event_of(const SftpRequest& request) const {
  FileEvent event;
  event.path = request.path;
  event.other_path = request.other_path;
  event.action = request.action;
  event.detail = request.detail;
  event.channel = channel_;
  event.how = recorder::FileHow::sftp;
  return event;
}

void SftpTracker::accept(SftpRequest& request) {
  auto pending = std::make_shared<Pending>();
  pending->kind = request.kind;
  pending->order = next_order_++;
  pending->offset = request.offset;
  pending->size = request.data.size();
  pending->file = open_file(request.handle);
  switch (request.kind) {
    case Kind::open:
    case Kind::open_directory:
      begin_open(request, *pending);
      break;
    case Kind::close:
      begin_close(*pending->file);
      break;
    case Kind::read:
    case Kind::write:
      begin_transfer(request, *pending->file);
      break;
    case Kind::copy:
      begin_copy(request, *pending->file, *pending);
      break;
    case Kind::change_file:
      pending->event = event_of(request);
      pending->event->path = pending->file->event.path;
      if (request.new_size && pending->file->written) pending->file->written->resize(*request.new_size, budget_);
      break;
    case Kind::change_name:
      pending->event = event_of(request);
      break;
    default:
      break;
  }
  if (pending->event) text_ += text_size(*pending->event);
  pending_.emplace(request.id, std::move(pending));
}

void SftpTracker::begin_open(SftpRequest& request, Pending& pending) {
  auto file = std::make_shared<File>();
  file->event = event_of(request);
  text_ += text_size(file->event);
  if (request.kind == Kind::open) {
    file->writes = (request.flags & kFlagWrite) != 0;
    file->changes = (request.flags & (kFlagWrite | kFlagCreate | kFlagTruncate)) != 0;
    if (!file->changes) file->event.direction = Direction::to_client;
    if (file->writes) file->written.emplace();
    // Offsets say nothing then.
    if (file->writes && (request.flags & kFlagAppend) != 0) file->written->give_up(budget_);
  }
  pending.file = std::move(file);
}

void SftpTracker::begin_close(File& file) { file.closing = true; }

void SftpTracker::begin_transfer(const SftpRequest& request, File& file) {
  if (request.kind == Kind::read) {
    ++file.reads;
    return;
  }
  ++file.writing;
  file.written->add(request.offset, request.data, budget_);
}

/// The target copies between two of its own handles: the bytes do not pass here, so there is no hash of what is
/// written.
void SftpTracker::begin_copy(const SftpRequest& request, File& from, Pending& pending) {
  const auto to = open_file(request.other_handle);
  if (to->written) to->written->give_up(budget_);
  pending.event = event_of(request);
  pending.event->path = from.event.path;
  pending.event->other_path = to->event.path;
  pending.event->size = request.length;
}

// ---- Replies

Result<> SftpTracker::on_reply(base::ByteView packet) {
  base::Reader reader(packet);
  SALLYPORT_TRY(const auto type, reader.u8());
  SALLYPORT_TRY(const auto id, reader.u32());
  const auto found = pending_.find(id);
  if (found == pending_.end()) return confused("a reply to no request");
  const auto request = found->second;
  if (type == kStatus) {
    SALLYPORT_TRY(const auto code, reader.u32());
    SALLYPORT_TRYV(on_status(*request, code));
  } else if (type == kHandle) {
    SALLYPORT_TRY(const auto handle, reader.text(kMaxSftpHandle));
    SALLYPORT_TRYV(on_handle(*request, std::string(handle)));
  } else if (type == kData) {
    SALLYPORT_TRY(const auto data, reader.block(kMaxSftpPacket));
    SALLYPORT_TRYV(on_data(*request, data));
  } else {
    const bool tells = type == kName || type == kAttrs || type == kExtendedReply;
    const bool asked = request->kind == Kind::look || request->kind == Kind::by_handle;
    if (!tells || !asked) return confused("a reply that does not fit its request");
  }
  pending_.erase(id);
  return base::ok();
}

Result<> SftpTracker::on_status(Pending& request, std::uint32_t code) {
  if (request.event) {
    text_ -= text_size(*request.event);
    request.event->outcome = code == kOk ? FileOutcome::complete : FileOutcome::failed;
    events_.push_back(std::move(*request.event));
    return base::ok();
  }
  switch (request.kind) {
    case Kind::open:
    case Kind::open_directory:
      if (code == kOk) return confused("an open without a handle");
      text_ -= text_size(request.file->event);
      request.file->event.outcome = FileOutcome::failed;
      if (request.kind == Kind::open) events_.push_back(std::move(request.file->event));
      return base::ok();
    case Kind::close:
      request.file->closed = true;
      request.file->done = code == kOk;
      open_.erase(request.file->handle);
      break;
    case Kind::write:
      --request.file->writing;
      if (code == kOk)
        request.file->confirmed += request.size;
      else
        request.file->failed = true;
      break;
    case Kind::read:
      --request.file->reads;
      if (code != kOk && code != kEof) request.file->failed = true;
      // The end of an empty file is a transfer, too.
      if (code == kEof && !request.file->read) request.file->read.emplace();
      break;
    default:
      return base::ok();
  }
  settle(*request.file);
  return base::ok();
}

Result<> SftpTracker::on_handle(Pending& request, std::string handle) {
  if (request.kind != Kind::open && request.kind != Kind::open_directory) return confused("a handle for no open");
  if (open_.size() >= kMaxHandles) return confused("too many open files");
  if (open_.contains(handle)) return confused("a handle is given twice");
  request.file->handle = handle;
  open_.emplace(std::move(handle), request.file);
  return base::ok();
}

Result<> SftpTracker::on_data(Pending& request, base::ByteView data) {
  if (request.kind != Kind::read) return confused("data that nobody asked for");
  File& file = *request.file;
  --file.reads;
  if (!file.read) file.read.emplace();
  file.read->add(request.offset, data, budget_);
  settle(file);
  return base::ok();
}

}  // namespace sallyport::broker
