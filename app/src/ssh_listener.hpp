#pragma once
// The SSH port: takes connections, has the vault make a session of each, forks a child for it, dials for the child what
// the vault names, and reaps. One thread, one poll loop; nothing in it waits.
#include <list>
#include <map>
#include <optional>
#include <string>

#include "dialer.hpp"
#include "process_context.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/app/vault_client.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/broker/connection_limits.hpp"
#include "sallyport/broker/ssh_session.hpp"
#include "spare_descriptor.hpp"
#include "ssh_refusal.hpp"

namespace sallyport::app {

class SshListener {
 public:
  static constexpr std::chrono::milliseconds kRegisterTimeout{5000};
  static constexpr std::chrono::milliseconds kStopTimeout{3000};
  static constexpr std::size_t kMaxPending = 256;

  /// `port`: listening, non-blocking. `signals`: a signalfd for SIGCHLD. `options`, `identities`, `keys` outlive it.
  SshListener(base::UniqueFd port, base::UniqueFd control, base::UniqueFd signals, const ServerOptions& options,
              const Identities& identities, const broker::HostKeys& keys);
  ~SshListener();

  /// The first connection to the vault; later ones are made by run() itself.
  base::Result<> attach();
  /// Until the supervisor says stop or has gone; sessions are told, and have kStopTimeout to end.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  /// Accepted; the vault has not said yet that it is a session.
  struct Pending {
    base::UniqueFd client;
    VaultConnection vault;
    broker::ConnectionNumber number;
    std::string source;
    Clock::time_point deadline;
    bool over = false;
  };
  struct Session {
    pid_t pid;
    base::UniqueFd link;
    broker::ConnectionNumber number;
    std::string source;
    bool authenticated = false;
    bool pushed_out = false;
  };
  struct Dial {
    std::uint64_t connection;  // whose
    std::string session;
    std::string file;
    Dialer dialer;
  };

  void turn();
  void take_connections();
  void take_connection(base::UniqueFd client, const TcpAddress& peer);
  base::Result<Pending> begin_register(base::UniqueFd& client, const TcpAddress& peer, std::string source);
  void push_out(broker::ConnectionNumber number);
  void refuse(base::UniqueFd client, const std::string& source, std::string_view why);
  void take_registration(Pending& pending);
  void start_session(Pending& pending, std::uint64_t connection);
  void take_vault();
  base::Result<> take_push(const Frame& frame);
  base::Result<> take_dial(const Record& record);
  void end_process(std::uint64_t connection);
  void finish_dials(Clock::time_point now);
  void finish_dial(Dial& dial);
  void report_failed_dial(const std::string& session, std::string_view reason);
  void reap();
  void session_ended(const Session& session, int status);
  void stop_sessions();
  int timeout(Clock::time_point now) const;

  base::UniqueFd port_;
  base::UniqueFd control_;
  base::UniqueFd signals_;
  const ServerOptions& options_;
  const Identities& identities_;
  const broker::HostKeys& keys_;
  DataPaths paths_;
  base::SystemClock clock_;
  broker::ConnectionLimits limits_;
  broker::ConnectionNumber last_number_ = 0;
  Refusals refusals_;
  Clock::time_point told_since_{};
  unsigned told_ = 0;                     // lines of the log about refusals in this second
  std::uint64_t untold_ = 0;              // refusals since the last such line
  std::optional<VaultConnection> vault_;  // absent while there is no vault
  Clock::time_point next_attach_{};
  SpareDescriptor spare_;
  std::list<Pending> pending_;
  std::map<std::uint64_t, Session> sessions_;  // by the vault's number of the connection
  std::list<Dial> dials_;
};

}  // namespace sallyport::app
