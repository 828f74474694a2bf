#pragma once
// Which proofs a person has given. Only the vault process makes these.
#include <optional>

#include "sallyport/vault/lease.hpp"

namespace sallyport::access {

struct Factors {
  bool password = false;
  bool key = false;                  ///< an SSH key of his
  std::optional<vault::Moment> otp;  ///< when a one-time passcode of his was accepted

  bool first_factor() const noexcept { return password || key; }
};

}  // namespace sallyport::access
