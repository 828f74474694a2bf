#pragma once
// System calls that a process may still make (libseccomp). docs/processes.md lists them and says why.
#include <cstdint>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

enum class Sandbox : std::uint8_t {
  vault,    ///< everything but: sockets other than Unix ones, running programs, tracing, loading code into the kernel
  session,  ///< only reading and writing what is open, waiting, memory, time, and taking descriptors from its parent
};

/// For every thread of this process and all that they start; irrevocable. Errc::unsupported where the kernel has no
/// seccomp: the caller refuses to go on, unless in development.
base::Result<> enter_sandbox(Sandbox kind);

struct Account;
/// For a listener that keeps CAP_SETUID and CAP_SETGID: of all calls that change user or group, only becoming `session`
/// is left; no namespaces, no io_uring. Its children inherit this.
base::Result<> enter_listener_sandbox(const Account& session);

}  // namespace sallyport::app
