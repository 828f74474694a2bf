#pragma once
// What rotation asks of the vault. `app` answers it over the vault's socket; tests answer it from memory.
#include <chrono>
#include <optional>
#include <string>

#include "sallyport/rotation/job.hpp"

namespace sallyport::rotation {

/// One step, as it is to be made durable.
struct Progress {
  Journal journal;
  Outcome outcome = Outcome::ok;  ///< that led here
  std::string detail;             ///< one escaped sentence for a person; no secret
};

class Port {
 public:
  virtual ~Port() = default;
  /// The next rotation that is due, given to this rotator alone until it reports or dies; nothing when none is due
  /// (after waiting at most `wait`).
  virtual base::Result<std::optional<Job>> next(std::chrono::milliseconds wait) = 0;
  /// Durable when it returns. In state `promoted` or `current` the pending secret is the account's current one from
  /// then on; in `kept` it is dropped.
  virtual base::Result<> record(const base::RotationId& id, const Progress& progress) = 0;
  /// The run ended. `retry_later` and `blocked` leave the journal as last recorded.
  virtual base::Result<> finish(const base::RotationId& id, End end, const Progress& progress) = 0;
};

}  // namespace sallyport::rotation
