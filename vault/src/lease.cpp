#include "sallyport/vault/lease.hpp"

#include <algorithm>

namespace sallyport::vault {

base::Milliseconds Lease::remaining(const Moment& now) const noexcept {
  const bool same_boot = now.boot == start.boot;
  const base::Milliseconds passed = same_boot ? now.mono - start.mono : now.wall - start.wall;
  // Time that went backwards is not believed: the one direction in which an error is harmless is a lease that ends.
  if (passed < base::Milliseconds{0}) return base::Milliseconds{0};
  return passed >= length ? base::Milliseconds{0} : length - passed;
}

}  // namespace sallyport::vault
