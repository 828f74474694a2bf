#pragma once
// Who is at the other end of a connection to the vault, and how far it has come.
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::app {

/// What kind of process asks. Decided once by the vault from SO_PEERCRED and the supervisor's table of pids, never by
/// what the peer says. The one change there is: `ssh` becomes `session` by session.register, and never goes back.
enum class PeerKind : std::uint8_t {
  operator_ = 0,  ///< a person's own `sallyport` command on this machine: uid 0 or the vault's uid
  ssh = 1,        ///< the SSH listener
  session = 2,    ///< one SSH connection, held by its sandboxed child
  web = 3,
  rotator = 4,
};
inline constexpr std::size_t kPeerKinds = 5;

/// How far a `session` has come. Other kinds stay in pre_auth, which then says nothing.
enum class Phase : std::uint8_t {
  pre_auth = 0,  ///< the person has not proven who he is
  granted = 1,   ///< auth.grant was answered with a grant; no proof is taken any more
};

/// Bits of Operation::peers and Operation::phases.
constexpr std::uint8_t bit(PeerKind kind) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind)); }
constexpr std::uint8_t bit(Phase phase) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(phase)); }
inline constexpr std::uint8_t kAnyPhase = bit(Phase::pre_auth) | bit(Phase::granted);

/// One connection. `id` is never used twice by one vault process.
struct Peer {
  std::uint64_t id = 0;
  PeerKind kind = PeerKind::operator_;
  pid_t pid = 0;
  uid_t uid = 0;
  Phase phase = Phase::pre_auth;
};

/// "ssh", "session", ... as logs and audit events name it.
std::string_view to_string(PeerKind kind) noexcept;
std::string_view to_string(Phase phase) noexcept;

}  // namespace sallyport::app
