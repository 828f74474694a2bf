#pragma once
// The exported log: docs/audit_log.md, "Log file". Written piece by piece, verified without a server.
#include <cstdint>
#include <optional>
#include <string>

#include "sallyport/audit/log_verifier.hpp"

namespace sallyport::audit {

/// The pieces, in file order: one header, then entries and checkpoints; a checkpoint is last.
base::Bytes encode_log_header(const VerifierKey& key);
base::Bytes encode_log_entry(std::uint64_t index, base::ByteView event, const Digest& leaf);
base::Bytes encode_log_checkpoint(std::string_view note);

/// How a log file is judged. With no key, the header's own is taken: that shows that the file agrees with itself, not
/// whose it is; `LogFileReport::key` is then for a person to compare.
struct LogFileOptions {
  std::optional<VerifierKey> key;
  Expectation expectation;
};
struct LogFileReport {
  Report report;
  std::optional<VerifierKey> key;  ///< the header's
};

/// Sans-I/O: takes the file in chunks of any size, buffers one record (at most about 8 KiB).
class LogFileVerifier {
 public:
  explicit LogFileVerifier(LogFileOptions options) : options_(std::move(options)) {}
  void feed(base::ByteView chunk);
  LogFileReport finish() &&;

 private:
  /// One header or record off the reader; false when it needs more bytes, or the verdict is there.
  bool take_piece(base::Reader& in);
  bool take_header(base::Reader& in);
  void take_entry(base::ByteView block);
  void stop(Break::Where where, std::string why);
  bool stopped() const noexcept { return broken_ || (verifier_ && verifier_->broken()); }

  LogFileOptions options_;
  base::Bytes buffer_;
  std::optional<LogVerifier> verifier_;  ///< from the header on
  std::optional<VerifierKey> key_;
  std::optional<Break> broken_;  ///< in the header, or in the framing
};

/// The whole file in memory.
LogFileReport verify_log(base::ByteView file, LogFileOptions options = {});
/// From a descriptor to its end. An Error only when it cannot be read: a broken log is a Report.
base::Result<LogFileReport> verify_log(int fd, LogFileOptions options = {});

}  // namespace sallyport::audit
