#pragma once
// Is this recording whole, and is it the one that was made? Says where not.
#include <functional>
#include <optional>
#include <string>

#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/recorder/record.hpp"
#include "sallyport/recorder/source.hpp"

namespace sallyport::recorder {

enum class RecordingState : std::uint8_t {
  complete = 1,
  gap = 2,
  truncated = 3,
  missing = 4,
  tampered = 5,
  running = 6,
  none = 7
};
std::string_view to_string(RecordingState state) noexcept;

/// What the audit log knows. Without it a file that was cut, or rewritten by a holder of the data key, may pass.
struct Expectation {
  std::optional<base::SessionId> session;
  std::optional<Mark> last_checkpoint;
  std::optional<Mark> end;                ///< from Closed
  std::optional<base::PublicKey> signer;  ///< of checkpoints; absent: signatures are not checked
  bool running = false;                   ///< the session lives: no END yet is no fault
  bool cut = false;    ///< the session ended and told no END: one that is there all the same proves nothing
  bool never = false;  ///< no recording began: no file, or one with nothing in it, is as it should be
};

/// The first thing that is wrong.
struct Finding {
  std::optional<std::uint64_t> chunk;  ///< nothing: the file header, or the file as a whole
  std::uint64_t offset = 0;            ///< byte offset in the file where that part begins
  std::string reason;                  ///< a sentence
};

struct VerifyReport {
  RecordingState state = RecordingState::missing;
  std::optional<Finding> finding;  ///< set in truncated, missing and tampered
  std::uint64_t chunks = 0;        ///< that passed every check, END included
  std::uint64_t checkpoints = 0;
  std::uint64_t gaps = 0;
  std::uint64_t bytes = 0;  ///< of the file that passed
  std::uint64_t duration_ms = 0;
  std::optional<Mark> last_checkpoint;  ///< the last in the file
  std::optional<Totals> totals;         ///< from END
  /// One line for a person: "tampered: chunk 7 at byte 40312: ..."
  std::string describe() const;
};

/// Reads the whole file once, in bounded memory. A null source is Missing. An Error only when the source cannot be
/// read. `each` sees every record that stands in a good chunk.
base::Result<VerifyReport> verify(Source* source, const base::SecretBytes& data_key, const Expectation& expected,
                                  const std::function<void(const Record&)>& each = {});

}  // namespace sallyport::recorder
