#pragma once
// How one kind of target is spoken to. A connector never decides: `Rotation` does.
#include <string>

#include "sallyport/rotation/job.hpp"

namespace sallyport::rotation {

struct Attempt {
  Outcome outcome;
  std::string detail;  ///< one escaped sentence for a person; no secret
};

enum class Credential : std::uint8_t { current, pending };

/// Each call is bounded in time, opens a connection of its own and closes it.
class Connector {
 public:
  virtual ~Connector() = default;
  /// Sets the pending secret. Outcomes: ok; unknown (may have happened); policy_rejected (the target refused the new
  /// secret); any other means that nothing was sent.
  virtual Attempt apply(const Job& job, Route route) = 0;
  /// A fresh login that proves the credential and does nothing else. refused or locked: exactly one failed login.
  virtual Attempt login(const Job& job, Credential credential) = 0;
  /// With the pending credential, removes the current one from the target. Already gone is ok.
  virtual Attempt retire_old(const Job& job) = 0;
};

}  // namespace sallyport::rotation
