#pragma once
// The audit log in the store: encoded events with their leaf hashes, the Merkle frontier, one signed checkpoint a
// commit (docs/vault_format.md, "Audit log in the store").
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/audit/checkpoint.hpp"
#include "sallyport/audit/event.hpp"
#include "sallyport/audit/log_verifier.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

/// One entry as it stands in the store.
struct AuditEntry {
  std::uint64_t number;
  audit::Event event;  ///< texts as stored: escaped
};

/// A part of the exported log.
struct LogPiece {
  base::Bytes data;
  std::uint64_t next;  ///< the entry to go on with; the end that was asked for after the last piece
};

/// Where the log stands. In memory it only ever shows what is committed. One owner thread.
class AuditLog {
 public:
  static constexpr std::size_t kMaxPage = 1000;

  /// `beside` is the file for the newest checkpoint. `clock` must outlive the log.
  AuditLog(base::SigningKey key, std::string origin, std::filesystem::path beside, const base::Clock& clock);

  /// Reads the frontier and holds it against the newest checkpoint. Errc::corrupt if they differ.
  base::Result<> load(Transaction& transaction);
  /// Holds the log against the checkpoint kept beside the store; a sentence if the log is older or another one.
  base::Result<std::optional<std::string>> compare_beside(Transaction& transaction) const;

  std::uint64_t size() const noexcept { return frontier_.size(); }
  const audit::VerifierKey& public_key() const noexcept { return verifier_; }
  /// The newest signed checkpoint; empty before the first commit.
  const std::string& checkpoint() const noexcept { return checkpoint_; }

  /// At most kMaxPage entries from `from` on, oldest first.
  base::Result<std::vector<AuditEntry>> entries(Transaction& transaction, std::uint64_t from, std::size_t count) const;
  /// Walks all of it, a row at a time. An Error only when the store cannot be read: a broken log is a Report.
  base::Result<audit::Report> verify(Transaction& transaction, audit::Expectation expectation = {}) const;
  /// The log file of docs/audit_log.md over the first `end` entries, for verification without the vault, in pieces of
  /// whole records: no piece leaves anything open, and each is the same whenever it is asked for. `from` is the entry
  /// to go on with, 0 for the header too; a piece holds at most `most` bytes, which must be room for one record.
  base::Result<LogPiece> export_piece(Transaction& transaction, std::uint64_t from, std::uint64_t end,
                                      std::size_t most) const;
  /// The whole file, as of now.
  base::Result<> export_to(Transaction& transaction, int fd) const;

 private:
  friend class AuditedTransaction;
  friend class Vault;
  struct Advance {
    audit::Frontier frontier;
    std::string checkpoint;
  };
  /// Writes the rows; the log moves on only with adopt(), after the commit.
  base::Result<Advance> write(Transaction& transaction, const std::vector<base::Bytes>& events) const;
  void adopt(Advance advance);
  /// Best effort: a failure is logged, and tried again with the next commit.
  void keep_beside(bool now);

  base::SigningKey key_;
  audit::VerifierKey verifier_;
  std::filesystem::path beside_;
  const base::Clock& clock_;
  audit::Frontier frontier_;
  std::string checkpoint_;
  std::string kept_;
  std::optional<base::MonoTime> kept_at_;
};

}  // namespace sallyport::vault
