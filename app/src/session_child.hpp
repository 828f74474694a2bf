#pragma once
// The process of one SSH connection: everything inherited is closed, every right given up, then the broker's session.
#include "process_context.hpp"
#include "sallyport/broker/ssh_session.hpp"

namespace sallyport::app {

struct SessionHandles {
  base::UniqueFd client;  ///< the accepted connection
  base::UniqueFd vault;   ///< registered as this session's, by the listener
  base::UniqueFd link;    ///< to the listener
};

/// Exit statuses, for the listener's limits; a signal means `crashed`.
inline constexpr int kSessionServed = 0;
inline constexpr int kSessionNoAuth = 10;
inline constexpr int kSessionAuthFailed = 11;
inline constexpr int kSessionNotStarted = 12;
inline constexpr int kSessionUndecided = 13;  ///< a proof that the vault could not judge

/// In the forked child only.
[[noreturn]] void run_session_child(SessionHandles handles, const broker::HostKeys& keys, const ServerOptions& options,
                                    const Identities& identities);

}  // namespace sallyport::app
