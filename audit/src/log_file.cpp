#include "sallyport/audit/log_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sallyport/audit/event.hpp"

namespace sallyport::audit {
namespace {

constexpr std::string_view kMagic = "SALLYPORT AUDIT 1\n";
constexpr std::size_t kMaxKeyText = 512;
constexpr std::size_t kMaxBlock = 8192;
constexpr std::size_t kChunk = 65536;
constexpr std::uint8_t kEntry = 'E';
constexpr std::uint8_t kCheckpoint = 'C';

base::Bytes record(std::uint8_t type, base::ByteView block) {
  base::Writer out;
  out.u8(type).block(block);
  return std::move(out).take();
}

Break::Where where_of(std::uint8_t type) {
  return type == kCheckpoint ? Break::Where::checkpoint : Break::Where::entry;
}

}  // namespace

base::Bytes encode_log_header(const VerifierKey& key) {
  base::Writer out;
  out.raw(base::as_bytes(kMagic)).block(format_verifier_key(key));
  return std::move(out).take();
}

base::Bytes encode_log_entry(std::uint64_t index, base::ByteView event, const Digest& leaf) {
  base::Writer block;
  block.u64(index).raw(leaf).raw(event);
  return record(kEntry, block.bytes());
}

base::Bytes encode_log_checkpoint(std::string_view note) { return record(kCheckpoint, base::as_bytes(note)); }

void LogFileVerifier::feed(base::ByteView chunk) {
  if (stopped()) return;
  buffer_.insert(buffer_.end(), chunk.begin(), chunk.end());
  base::Reader in(buffer_);
  while (take_piece(in)) continue;
  const auto used = buffer_.size() - in.remaining();
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used));
}

bool LogFileVerifier::take_piece(base::Reader& in) {
  if (stopped()) return false;
  if (!verifier_) return take_header(in);
  auto ahead = in;
  const auto type = ahead.u8();
  if (!type) return false;
  if (type.value() != kEntry && type.value() != kCheckpoint) {
    stop(Break::Where::entry, "neither an entry nor a checkpoint begins here");
    return false;
  }
  const auto block = ahead.block(kMaxBlock);
  if (!block && block.error().code() == base::Errc::limit) stop(where_of(type.value()), "longer than 8192 bytes");
  if (!block) return false;
  if (type.value() == kCheckpoint) verifier_->checkpoint(base::as_text(block.value()));
  if (type.value() == kEntry) take_entry(block.value());
  in = ahead;
  return true;
}

bool LogFileVerifier::take_header(base::Reader& in) {
  const auto seen = base::as_text(in.rest()).substr(0, kMagic.size());
  if (seen != kMagic.substr(0, seen.size())) {
    stop(Break::Where::header, "not an audit log of version 1");
    return false;
  }
  auto ahead = in;
  if (!ahead.take(kMagic.size())) return false;
  const auto text = ahead.text(kMaxKeyText);
  if (!text && text.error().code() == base::Errc::limit) stop(Break::Where::header, "the key is too long");
  if (!text) return false;
  const auto key = parse_verifier_key(text.value());
  if (!key) {
    stop(Break::Where::header, key.error().context());
    return false;
  }
  key_ = key.value();
  if (options_.key && *options_.key != *key_) {
    stop(Break::Where::header, "the log of another key: " + std::string(text.value()));
    return false;
  }
  verifier_.emplace(*key_, options_.expectation);
  in = ahead;
  return true;
}

void LogFileVerifier::take_entry(base::ByteView block) {
  base::Reader in(block);
  const auto index = in.u64();
  const auto hash = in.take(sizeof(Digest));
  if (!index || !hash) return stop(Break::Where::entry, "too short");
  Digest leaf{};
  std::copy(hash.value().begin(), hash.value().end(), leaf.begin());
  verifier_->entry(index.value(), in.rest(), leaf);
}

void LogFileVerifier::stop(Break::Where where, std::string why) {
  if (verifier_) return verifier_->fail(where, std::move(why));
  broken_ = Break{where, 0, std::move(why)};
}

LogFileReport LogFileVerifier::finish() && {
  if (!verifier_ && !broken_) stop(Break::Where::header, "the file ends inside the header");
  if (broken_) {
    Report report;
    report.root = empty_root();
    report.broken = std::move(broken_);
    return {std::move(report), std::move(key_)};
  }
  if (!stopped() && !buffer_.empty()) stop(where_of(buffer_.front()), "the file ends inside it");
  if (!stopped() && verifier_->checkpoints() == 0) stop(Break::Where::tail, "there is no checkpoint");
  return {std::move(*verifier_).finish(), std::move(key_)};
}

LogFileReport verify_log(base::ByteView file, LogFileOptions options) {
  LogFileVerifier verifier(std::move(options));
  for (; !file.empty(); file = file.subspan(std::min(kChunk, file.size()))) {
    verifier.feed(file.first(std::min(kChunk, file.size())));
  }
  return std::move(verifier).finish();
}

base::Result<LogFileReport> verify_log(int fd, LogFileOptions options) {
  LogFileVerifier verifier(std::move(options));
  base::Bytes chunk(kChunk);
  while (true) {
    const auto got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno("reading the audit log", errno);
    if (got == 0) return std::move(verifier).finish();
    verifier.feed(base::ByteView(chunk).first(static_cast<std::size_t>(got)));
  }
}

}  // namespace sallyport::audit
