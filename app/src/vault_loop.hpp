#pragma once
// The vault process's poll loop: connections, bounds and the permit table. What requests mean is the BatchHandler's.
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "control.hpp"
#include "sallyport/app/service.hpp"
#include "sallyport/app/vault_client.hpp"
#include "spare_descriptor.hpp"
#include "strangers.hpp"

namespace sallyport::app {

/// The Service, or a test's stand-in for it. The same contracts as service.hpp.
class BatchHandler {
 public:
  virtual ~BatchHandler() = default;
  virtual void run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out) = 0;
  virtual void run_deferred(std::vector<Outgoing>& out) = 0;
  virtual int wakeup_fd() const = 0;
  virtual void tick(std::vector<Outgoing>& out) = 0;
  virtual void peer_gone(std::uint64_t peer_id, std::vector<Outgoing>& out) = 0;
  virtual void protocol_violation(const Peer& peer, std::uint16_t asked) = 0;
};

/// Single-threaded. A turn: the supervisor's words, new connections, requests (one batch), deferred results, the tick,
/// replies, ends.
class VaultLoop {
 public:
  static constexpr std::size_t kMaxConnections = 2048;
  static constexpr std::size_t kMaxQueued = 8U << 20U;  ///< output that one peer has not read
  static constexpr std::size_t kMaxUnread = 1U << 20U;  ///< output beyond which nothing more is read from a peer
  static constexpr std::size_t kMaxSessionQueued = 256U << 10U;  ///< the same of a session or the listener
  /// Payloads of one turn's requests, and the secrets of their replies; the rest is read in the next.
  static constexpr std::size_t kMaxBatch = 1U << 20U;
  static constexpr std::size_t kMaxUnfinished = 1U << 20U;  ///< of all peers' requests together
  static constexpr unsigned kMaxOpen = 256;                 ///< requests of one peer; a session or listener: 1
  /// Of them, those that are answered by lists, which may take a whole frame each. Behind one peer, web, many people
  /// ask: what they are answered at once must fit beside kMaxUnread into kMaxQueued, or one of them would end it.
  static constexpr std::size_t kMaxOpenLists = 3;
  static constexpr std::chrono::milliseconds kTick{250};

  /// `listener`: a listening, non-blocking Unix socket. `control`: the supervisor's pair, non-blocking. `handler` is
  /// not owned. `operator_uid`: besides 0, who counts as operator.
  VaultLoop(base::UniqueFd listener, base::UniqueFd control, BatchHandler& handler, uid_t operator_uid);
  ~VaultLoop();

  /// Until the supervisor says stop or has gone.
  base::Result<> run();
  /// One turn; false when it is time to end. Waits at most `wait`.
  base::Result<bool> turn(std::chrono::milliseconds wait);
  std::size_t connections() const noexcept { return connections_.size(); }

 private:
  struct Connection {
    Peer peer;
    base::UniqueFd fd;
    FrameDecoder decoder{kMaxRequest};
    FrameQueue out{kMaxQueued};
    unsigned open = 0;                 // requests that have no reply yet
    std::vector<std::uint64_t> lists;  // those of them that are answered by lists
    bool closing = false;              // ends when `out` is empty
    bool dead = false;                 // ends now
    bool deaf = false;  // reads no more replies; what it sent before it went (session.close) is still taken
  };
  struct Known {
    PeerKind kind;
    uid_t uid;
  };
  using Clock = std::chrono::steady_clock;

  base::Result<> wait(std::chrono::milliseconds at_most);
  base::Result<bool> take_control();
  void accept_new();
  void note_stranger(const base::PeerCredentials& who);
  std::optional<PeerKind> kind_of(const base::PeerCredentials& who) const;
  void read_from(Connection& connection, std::vector<Request>& batch);
  static bool takes_more(const Connection& connection);
  void take_frame(Connection& connection, Frame&& frame, std::vector<Request>& batch);
  void hold_unfinished_bound();
  void deliver(std::vector<Outgoing>& out);
  static void answered(Connection& connection, std::uint64_t request);
  void apply(Connection& connection, Outgoing::Then then);
  void flush(Connection& connection);
  void bury_dead();
  void violation(Connection& connection, std::uint16_t asked, const char* what);

  base::UniqueFd listener_;
  SpareDescriptor spare_;
  base::UniqueFd control_;
  BatchHandler& handler_;
  uid_t operator_uid_;
  std::unordered_map<pid_t, Known> known_;
  std::map<std::uint64_t, Connection> connections_;
  Strangers strangers_;
  std::vector<std::uint64_t> readable_;  // by the last wait
  std::vector<std::uint64_t> writable_;
  bool control_ready_ = false, listener_ready_ = false, deferred_ready_ = false;
  std::size_t batch_bytes_ = 0;
  std::uint64_t last_id_;
  Clock::time_point next_tick_ = Clock::now();
};

/// Makes the socket (mode `mode`), replacing one that a dead vault left. Non-blocking, listening.
base::Result<base::UniqueFd> listen_unix(const std::filesystem::path& path, unsigned mode);

}  // namespace sallyport::app
