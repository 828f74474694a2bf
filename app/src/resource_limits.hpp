#pragma once
// What the machine lets this server have, held against what its configuration needs, before anything starts.
#include <string>
#include <vector>

#include "sallyport/app/server_main.hpp"

namespace sallyport::app {

/// Hard limits, as getrlimit() gives them; RLIM_INFINITY for none.
struct GivenLimits {
  std::uint64_t files;
  std::uint64_t file_size;
};

struct FittedLimits {
  unsigned max_sessions;              ///< as configured, or as many as there are descriptors for
  unsigned max_api;                   ///< connections of the API, likewise
  std::vector<std::string> warnings;  ///< one sentence each: what is short, what follows, what to do
};

/// Pure. Errc::limit if not even one session fits, or the store could not grow.
base::Result<FittedLimits> fit_limits(unsigned max_sessions, unsigned max_api, const GivenLimits& given);

/// Of this process, which its children inherit.
base::Result<GivenLimits> given_limits();

/// A write beyond RLIMIT_FSIZE is to be an error (EFBIG), which every writer here handles, and no signal that kills.
/// Inherited by children and kept by exec.
void ignore_write_signals() noexcept;

}  // namespace sallyport::app
