#pragma once
// Checks a log row by row: the vault over its own table, an auditor over an exported file. Names the first break.
#include <cstdint>
#include <optional>
#include <string>

#include "sallyport/audit/checkpoint.hpp"

namespace sallyport::audit {

/// The first thing that is wrong.
struct Break {
  enum class Where : std::uint8_t { header, entry, checkpoint, tail };
  Where where;
  std::uint64_t index;  ///< of the entry, or of the checkpoint in order of appearance, both from 0; header and tail: 0
  std::string why;
};

struct Report {
  std::uint64_t entries = 0;      ///< read and good before the break, if there is one
  std::uint64_t checkpoints = 0;  ///< likewise
  Digest root{};                  ///< over those entries
  std::optional<Break> broken;

  bool intact() const noexcept { return !broken.has_value(); }
  /// "intact: 12 entries, 3 checkpoints, root ..." or "broken at entry 7: ..."
  std::string text() const;
};

/// What the reader of a log knows from elsewhere. Without it, a tail cut off together with its checkpoints passes.
struct Expectation {
  std::optional<Checkpoint> checkpoint;  ///< one seen before (a witness, a note kept): the log must agree and reach it
  std::uint64_t least_size = 0;          ///< the log must have at least so many entries
};

/// Incremental; O(log n) memory. Rows come in order; a checkpoint comes after the last entry that it covers. After a
/// break everything else is ignored. A plain value; one owner.
class LogVerifier {
 public:
  explicit LogVerifier(VerifierKey key, Expectation expectation = {});

  void entry(std::uint64_t index, base::ByteView event, const Digest& leaf);
  /// The note must bear exactly the one signature of the key, and speak of all entries so far.
  void checkpoint(std::string_view note);
  /// For a break that the caller found in his own framing: of the entry or the checkpoint that comes next.
  void fail(Break::Where where, std::string why);
  bool broken() const noexcept { return report_.broken.has_value(); }
  std::uint64_t checkpoints() const noexcept { return report_.checkpoints; }
  /// Ends the log: every entry must be under a checkpoint, and the expectation met.
  Report finish() &&;

 private:
  void compare_expected();

  VerifierKey key_;
  Expectation expected_;
  Frontier frontier_;
  std::uint64_t signed_size_ = 0;
  Report report_;
};

}  // namespace sallyport::audit
