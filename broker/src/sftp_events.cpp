// How the events of an SftpTracker are made.
#include <fmt/format.h>

#include <algorithm>

#include "sftp_files.hpp"

namespace sallyport::broker {

using recorder::Direction;
using recorder::FileEvent;
using recorder::FileOutcome;
using Kind = SftpRequest::Kind;

namespace {

void add_detail(FileEvent& event, const std::string& what) {
  if (!event.detail.empty()) event.detail += ", ";
  event.detail += what;
}

}  // namespace

/// Answers may overtake each other: a file is told when its CLOSE and all else of it is answered.
void SftpTracker::settle(File& file) {
  if (file.closed && file.reads == 0 && file.writing == 0) report(file);
}

void SftpTracker::report(File& file) {
  if (std::exchange(file.reported, true)) return;
  text_ -= text_size(file.event);
  const auto end = file.failed ? FileOutcome::failed : file.done ? FileOutcome::complete : FileOutcome::partial;
  if (file.read) {
    auto event = file.event;
    event.direction = Direction::to_client;
    event.outcome = end;
    event.detail.clear();
    report_transfer(file, *file.read, std::move(event));
  }
  if (!file.changes) return;
  file.event.outcome = file.writing > 0 ? FileOutcome::unknown : end;
  if (!file.written) return events_.push_back(file.event);
  if (file.confirmed != file.written->passed())
    add_detail(file.event, fmt::format("{} bytes confirmed", file.confirmed));
  report_transfer(file, *file.written, file.event);
}

void SftpTracker::report_transfer(const File& file, InOrderHash& hash, FileEvent event) {
  event.size = hash.passed();
  event.sha256 = hash.finish(budget_);
  if (file.failed && event.size == 0) event.sha256.reset();
  events_.push_back(std::move(event));
}

/// A request without an answer. What it did, if anything, nobody knows any more; unless it never left.
void SftpTracker::report_pending(Pending& request) {
  if (request.kind == Kind::open && request.file->changes) request.event = request.file->event;
  if (!request.event) return;
  request.event->outcome = request.order >= unpassed_from_ ? FileOutcome::refused : FileOutcome::unknown;
  events_.push_back(std::move(*request.event));
}

void SftpTracker::on_end() {
  std::vector<std::shared_ptr<Pending>> waiting;
  for (auto& [id, request] : std::exchange(pending_, {})) waiting.push_back(std::move(request));
  std::sort(waiting.begin(), waiting.end(), [](const auto& a, const auto& b) { return a->order < b->order; });
  for (const auto& request : waiting) report_pending(*request);
  for (const auto& [handle, file] : std::exchange(open_, {})) report(*file);
  for (const auto& request : waiting) {
    if (request->file && request->file->closed) report(*request->file);
  }
  text_ = 0;
  if (refused_ <= kMaxRefusals) return;
  FileEvent event;
  event.channel = channel_;
  event.outcome = FileOutcome::refused;
  event.detail = fmt::format("{} more requests", std::exchange(refused_, 0) - kMaxRefusals);
  events_.push_back(std::move(event));
}

}  // namespace sallyport::broker
