#include "sallyport/vault/audit_log.hpp"

#include <algorithm>

#include "sallyport/audit/log_file.hpp"
#include "sallyport/base/directory.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/regular_file.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;

constexpr base::Milliseconds kKeepEvery{1000};

base::Result<base::Digest> as_digest(base::ByteView bytes) {
  base::Digest digest{};
  if (bytes.size() != digest.size()) return base::fail(Errc::corrupt, "audit log: a leaf hash has a wrong length");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

base::Result<audit::Frontier> read_frontier(Transaction& transaction) {
  SALLYPORT_TRY(auto rows, transaction.query("SELECT frontier FROM audit_frontier WHERE id = 1"));
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return base::fail(Errc::corrupt, "audit log: the frontier is missing");
  return audit::Frontier::decode(rows.blob(0));
}

/// Text of the checkpoint made at this size; empty if there is none.
base::Result<std::string> read_checkpoint(Transaction& transaction, std::uint64_t size) {
  SALLYPORT_TRY(auto rows, transaction.query("SELECT text FROM audit_checkpoint WHERE size = $1", size));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? std::string(base::as_text(rows.blob(0))) : std::string();
}

base::Result<> agree(const audit::Frontier& frontier, const std::string& note, const audit::VerifierKey& key) {
  const audit::Checkpoint expected{key.name, frontier.size(), frontier.root()};
  const auto found = audit::verify_checkpoint(note, key);
  if (found && found.value() == expected) return base::ok();
  return base::fail(Errc::corrupt,
                    "audit log: its newest checkpoint and its frontier disagree; run audit verify, or "
                    "restore the store from a backup");
}

/// Entries and checkpoints in the order of the log: a checkpoint follows the entry that made its size.
class Walk {
 public:
  /// Everything that is there, also what has no place in a log.
  static base::Result<Walk> all(Transaction& transaction) { return begin(transaction, INT64_MIN, INT64_MAX); }

  /// Entries from `from` on and before `end`, with the checkpoints that follow them.
  static base::Result<Walk> begin(Transaction& transaction, std::int64_t from, std::int64_t end) {
    SALLYPORT_TRY(auto entries,
                  transaction.query("SELECT number, event, leaf FROM audit_entry WHERE number >= $1 AND number < $2 "
                                    "ORDER BY number",
                                    from, end));
    SALLYPORT_TRY(auto notes, transaction.query("SELECT size, text FROM audit_checkpoint WHERE (size > $1 OR $1 <= 0) "
                                                "AND size <= $2 ORDER BY size",
                                                from, end));
    Walk walk(std::move(entries), std::move(notes));
    SALLYPORT_TRY(walk.more_notes_, walk.notes_.next());
    return walk;
  }

  /// on_entry(number, event, leaf) and on_note(text) return whether to go on.
  template <class OnEntry, class OnNote>
  base::Result<> run(OnEntry on_entry, OnNote on_note) {
    SALLYPORT_TRY(bool more, pass_notes(0, on_note));
    while (more) {
      SALLYPORT_TRY(const bool row, entries_.next());
      if (!row) {
        SALLYPORT_TRYV(pass_notes(INT64_MAX, on_note));
        break;
      }
      SALLYPORT_TRY(const base::Digest leaf, as_digest(entries_.blob(2)));
      if (!on_entry(static_cast<std::uint64_t>(entries_.integer(0)), entries_.blob(1), leaf)) break;
      SALLYPORT_TRY(more, pass_notes(entries_.integer(0) + 1, on_note));
    }
    return base::ok();
  }

 private:
  Walk(Statement entries, Statement notes) : entries_(std::move(entries)), notes_(std::move(notes)) {}

  template <class OnNote>
  base::Result<bool> pass_notes(std::int64_t up_to, OnNote& on_note) {
    while (more_notes_ && notes_.integer(0) <= up_to) {
      if (!on_note(base::as_text(notes_.blob(1)))) return false;
      SALLYPORT_TRY(more_notes_, notes_.next());
    }
    return true;
  }

  Statement entries_;
  Statement notes_;
  bool more_notes_ = false;
};

/// The vault's user must be able to replace it, also where root adds the first administrator.
base::Result<> write_for_owner(const std::filesystem::path& path, std::string_view text) {
  SALLYPORT_TRY(const auto directory, base::Directory::open(path.parent_path()));
  return directory.write_file(path.filename(), base::as_bytes(text), 0600, base::NewOwner::of_directory);
}

}  // namespace

AuditLog::AuditLog(base::SigningKey key, std::string origin, std::filesystem::path beside, const base::Clock& clock)
    : key_(std::move(key)),
      verifier_{std::move(origin), key_.public_key()},
      beside_(std::move(beside)),
      clock_(clock) {}

base::Result<> AuditLog::load(Transaction& transaction) {
  SALLYPORT_TRY(auto frontier, read_frontier(transaction));
  std::string note;
  if (frontier.size() != 0) {
    SALLYPORT_TRY(note, read_checkpoint(transaction, frontier.size()));
    SALLYPORT_TRYV(agree(frontier, note, verifier_));
  }
  frontier_ = std::move(frontier);
  checkpoint_ = std::move(note);
  return base::ok();
}

base::Result<std::optional<std::string>> AuditLog::compare_beside(Transaction& transaction) const {
  using Warning = std::optional<std::string>;
  const std::string name = beside_.filename().string();
  const auto bytes = base::read_regular_file(beside_, audit::kMaxNote);
  if (!bytes && bytes.error().code() != Errc::not_found) return bytes.error();
  if (!bytes) return size() == 0 ? Warning() : Warning(name + " is missing: the log cannot be held against it");
  const auto seen = audit::verify_checkpoint(base::as_text(bytes.value()), verifier_);
  if (!seen) return Warning(name + " is not a checkpoint of this log");
  if (seen.value().size > size())
    return Warning("the audit log is older than " + name + ": it has " + std::to_string(size()) + " entries, and had " +
                   std::to_string(seen.value().size) + " already; the store was put back or cut");
  SALLYPORT_TRY(const std::string stored, read_checkpoint(transaction, seen.value().size));
  const auto then = audit::verify_checkpoint(stored, verifier_);
  if (!then || then.value() != seen.value())
    return Warning("the audit log is not the one of " + name + ": another log stands in its place");
  return Warning();
}

base::Result<AuditLog::Advance> AuditLog::write(Transaction& transaction,
                                                const std::vector<base::Bytes>& events) const {
  Advance advance{frontier_, checkpoint_};
  if (events.empty()) return advance;
  for (const base::Bytes& event : events) {
    const base::Digest leaf = audit::leaf_hash(event);
    SALLYPORT_TRYV(transaction.execute("INSERT INTO audit_entry(number, event, leaf) VALUES($1, $2, $3)",
                                       advance.frontier.size(), event, leaf));
    advance.frontier.append(leaf);
  }
  SALLYPORT_TRYV(
      transaction.execute("UPDATE audit_frontier SET frontier = $1 WHERE id = 1", advance.frontier.encode()));
  advance.checkpoint = audit::sign_checkpoint({verifier_.name, advance.frontier.size(), advance.frontier.root()}, key_);
  SALLYPORT_TRYV(transaction.execute("INSERT INTO audit_checkpoint(size, text) VALUES($1, $2)", advance.frontier.size(),
                                     base::as_bytes(advance.checkpoint)));
  return advance;
}

void AuditLog::adopt(Advance advance) {
  frontier_ = std::move(advance.frontier);
  checkpoint_ = std::move(advance.checkpoint);
  keep_beside(false);
}

void AuditLog::keep_beside(bool now) {
  const auto time = clock_.mono();
  if (checkpoint_ == kept_ || (!now && kept_at_ && time - *kept_at_ < kKeepEvery)) return;
  kept_at_ = time;
  const auto written = write_for_owner(beside_, checkpoint_);
  if (written) {
    kept_ = checkpoint_;
  } else {
    base::log(base::LogLevel::warning, "audit.checkpoint.unwritten", {{"error", written.error().describe()}});
  }
}

base::Result<std::vector<AuditEntry>> AuditLog::entries(Transaction& transaction, std::uint64_t from,
                                                        std::size_t count) const {
  std::vector<AuditEntry> found;
  SALLYPORT_TRY(auto rows,
                transaction.query("SELECT number, event FROM audit_entry WHERE number >= $1 ORDER BY number LIMIT $2",
                                  std::min<std::uint64_t>(from, INT64_MAX), std::min(count, kMaxPage)));
  for (;;) {
    SALLYPORT_TRY(const bool row, rows.next());
    if (!row) return found;
    SALLYPORT_TRY(auto event, audit::decode(rows.blob(1)));
    found.push_back({static_cast<std::uint64_t>(rows.integer(0)), std::move(event)});
  }
}

base::Result<audit::Report> AuditLog::verify(Transaction& transaction, audit::Expectation expectation) const {
  audit::LogVerifier verifier(verifier_, std::move(expectation));
  SALLYPORT_TRY(auto walk, Walk::all(transaction));
  SALLYPORT_TRYV(walk.run(
      [&](std::uint64_t number, base::ByteView event, const base::Digest& leaf) {
        verifier.entry(number, event, leaf);
        return true;
      },
      [&](std::string_view note) {
        verifier.checkpoint(note);
        return true;
      }));
  SALLYPORT_TRY(const auto frontier, read_frontier(transaction));
  audit::Report report = std::move(verifier).finish();
  if (report.intact() && (frontier.size() != report.entries || (report.entries != 0 && frontier.root() != report.root)))
    report.broken = audit::Break{audit::Break::Where::tail, 0, "the stored frontier is not that of the entries"};
  return report;
}

base::Result<LogPiece> AuditLog::export_piece(Transaction& transaction, std::uint64_t from, std::uint64_t end,
                                              std::size_t most) const {
  LogPiece piece{from == 0 ? audit::encode_log_header(verifier_) : base::Bytes(), end};
  // An entry and the checkpoint after it stay together: `next` is a place between entries.
  std::size_t whole = piece.data.size();
  std::uint64_t at = from;
  bool full = false;
  const auto put = [&](const base::Bytes& record) {
    full = record.size() > most - piece.data.size();
    if (!full) piece.data.insert(piece.data.end(), record.begin(), record.end());
    return !full;
  };
  SALLYPORT_TRY(auto walk, Walk::begin(transaction, static_cast<std::int64_t>(from), static_cast<std::int64_t>(end)));
  SALLYPORT_TRYV(walk.run(
      [&](std::uint64_t number, base::ByteView event, const base::Digest& leaf) {
        whole = piece.data.size();
        at = number;
        return put(audit::encode_log_entry(number, event, leaf));
      },
      [&](std::string_view note) { return put(audit::encode_log_checkpoint(note)); }));
  if (!full) return piece;
  if (at == from) return base::fail(Errc::corrupt, "audit log: entry " + std::to_string(at) + " is too long");
  piece.data.resize(whole);
  piece.next = at;
  return piece;
}

base::Result<> AuditLog::export_to(Transaction& transaction, int fd) const {
  constexpr std::size_t kPiece = 64U << 10U;
  for (std::uint64_t from = 0;;) {
    SALLYPORT_TRY(const auto piece, export_piece(transaction, from, size(), kPiece));
    SALLYPORT_TRYV(base::write_all(fd, piece.data));
    if (piece.next == size()) return base::ok();
    from = piece.next;
  }
}

}  // namespace sallyport::vault
