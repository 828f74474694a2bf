#pragma once
// The vault process's work: requests in, replies and pushes out. No socket in here; the vault's loop (vault_process)
// owns the connections, checks may_ask(), and calls this. One owner thread; nothing here is thread-safe but
// wakeup_fd().
//
// A batch is one durable transaction: each request runs between a savepoint and its release, failures are rolled back
// to the savepoint and leave a denial in the audit log, and no reply leaves before the commit succeeded.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/app/frame.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/app/peer.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

struct ServiceConfig {
  std::filesystem::path data;  ///< DATA: header, vault.db, recordings/
  bool dev = false;            ///< open by the development slot at start
  base::Seconds token_life{8 * 3600};
  base::Seconds token_idle{2 * 3600};  ///< a sign-in that is not used for so long ends; 0: it does not
  base::Seconds login_grace{120};      ///< from session.register to auth.grant
  base::Seconds otp_window{60};  ///< a checkout by the same user from the same source counts as an SSH login's code
  base::Seconds longest_checkout{8 * 3600};
  std::uint64_t recording_floor = 64U << 20U;  ///< free bytes below which no session starts
  std::size_t max_sessions = 4096;
  std::size_t max_sessions_per_user = 4096;  ///< live ones
  base::Argon2Cost password_cost{};
  const base::Clock* clock = nullptr;  ///< nullptr: the system's; else not owned
};

struct Request {
  Peer peer;
  std::uint64_t request_id = 0;  ///< the frame's; goes back with the reply
  OperationId operation = OperationId::none;
  Payload payload;
};

/// A reply or a push for one peer. What the reply changes about the peer comes with it, so that the loop need not know
/// why.
struct Outgoing {
  std::uint64_t peer_id = 0;
  Frame frame;
  enum class Then : std::uint8_t {
    nothing,
    becomes_session,  ///< this `ssh` connection is a `session` from now on (session.register was granted)
    granted,          ///< this session's phase is Phase::granted from now on
    close,            ///< end the connection after the frame is written
  } then = Then::nothing;
};

class Service {
 public:
  /// Opens nothing but the key slots' header: sealed, unless config.dev.
  static base::Result<std::unique_ptr<Service>> create(ServiceConfig config);
  ~Service();

  /// Everything that was ready, as one transaction. Every request gets exactly one reply, here or by run_deferred.
  void run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out);
  /// Requests whose password hash is ready: their own batch. Call when wakeup_fd() is readable.
  void run_deferred(std::vector<Outgoing>& out);
  int wakeup_fd() const;
  /// Expiry of tokens, checkouts, logins and sessions, due rotations. At least every 250 ms.
  void tick(std::vector<Outgoing>& out);
  /// The connection is gone. A session that did not close has a truncated recording from here on.
  void peer_gone(std::uint64_t peer_id, std::vector<Outgoing>& out);
  /// Writes the audit event of a peer that asked what it may not; the loop ends the peer.
  void protocol_violation(const Peer& peer, std::uint16_t asked);
  bool sealed() const;

 private:
  class Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::app
