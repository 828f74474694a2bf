#pragma once
// One SSH connection from its first byte to its end: login, upstream login, relay, recording (docs/ssh_broker.md).
// libssh on both sides, one thread, one event loop. Made to run in a sandboxed process of its own: after create() it
// opens nothing and connects nowhere; run() needs read/write, poll, clocks, memory and random numbers only.
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/clock.hpp"
#include "sallyport/broker/authority.hpp"

namespace sallyport::broker {

/// The broker's own host keys, parsed. The listener loads them once and forks with them; read-only afterwards.
class HostKeys {
 public:
  /// Each text is an unencrypted private key (OpenSSH or PEM): ed25519, ECDSA and RSA >= 2048, at most one of each
  /// kind.
  static base::Result<HostKeys> load(const std::vector<base::SecretBytes>& private_keys);
  HostKeys(HostKeys&&) noexcept;
  HostKeys& operator=(HostKeys&&) noexcept;
  ~HostKeys();

 private:
  friend class SshSession;
  class Impl;
  explicit HostKeys(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// The floors that do not come with the grant.
struct SessionBounds {
  base::Milliseconds grace{120000};              ///< from accept to authenticated
  unsigned max_tries = 6;                        ///< failed proofs of one connection
  unsigned max_channels = 10;                    ///< at once
  base::Milliseconds answer_timeout{30000};      ///< of any question to the authority, and for the resources
  base::Milliseconds upstream_timeout{20000};    ///< from connected to authenticated at the target
  base::Milliseconds refusal_time{5000};         ///< for a refused client to ask for something and read the reason
  base::Milliseconds keepalive_interval{15000};  ///< to client and target when nothing was heard from them
  base::Milliseconds delivery_time{2000};        ///< for a client to read what is left when the session ends
  unsigned keepalive_max = 4;                    ///< unanswered in a row: the peer is dead
};

/// How it ended, for the listener's limits and the log.
struct SessionResult {
  bool authenticated = false;
  unsigned failed_proofs = 0;
  bool undecided = false;  ///< a proof was given and the authority did not say: not its giver's failure
  recorder::EndReason reason = recorder::EndReason::closed;
  std::string sentence;  ///< one plain sentence, no secret
};

class SshSession {
 public:
  /// Once a process, before fork and before threads (ssh_init, loads what OpenSSL loads late).
  static base::Result<> init_library();

  /// Before the sandbox. `client` is the accepted connection. `keys`, `authority` and `clock` outlive the session.
  static base::Result<std::unique_ptr<SshSession>> create(base::UniqueFd client, const HostKeys& keys,
                                                          Authority& authority, const base::Clock& clock,
                                                          SessionBounds bounds = {});
  ~SshSession();
  SshSession(const SshSession&) = delete;
  SshSession& operator=(const SshSession&) = delete;

  /// To the end of the connection. Tells the authority SessionOver as the last thing if a grant was given.
  SessionResult run();

 private:
  class Impl;
  explicit SshSession(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::broker
