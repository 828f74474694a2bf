#pragma once
// How long something lent may live: counted by the boot clock, so that no jump of the wall ends it early or extends it.
#include <string>

#include "sallyport/base/clock.hpp"

namespace sallyport::vault {

/// "Now", read once for an operation and passed in: nothing in vault or access reads a clock.
struct Moment {
  base::WallTime wall{};
  base::MonoTime mono{};
  std::string boot;  ///< base::boot_id(): which boot `mono` belongs to

  static Moment read(const base::Clock& clock, std::string boot) {
    return {clock.wall(), clock.mono(), std::move(boot)};
  }
};

/// From `start`, for `length`. A value.
///
/// In the boot in which it began, only the boot clock counts. In a later boot that clock means nothing: the wall
/// decides, and a wall that stands before the start is not believed, so that the lease has ended. rebase() then ties
/// what is left to the new boot's clock.
struct Lease {
  Moment start;
  base::Milliseconds length{0};

  /// What is left; zero when it has ended. Never more than `length`.
  base::Milliseconds remaining(const Moment& now) const noexcept;
  bool ended(const Moment& now) const noexcept { return remaining(now) == base::Milliseconds{0}; }
  /// The same end, counted from `now`. For the first look at a lease in another boot.
  Lease rebase(const Moment& now) const { return {now, remaining(now)}; }
};

}  // namespace sallyport::vault
