#pragma once
// Starts the four processes, tells the vault who they are, watches them, starts them again, and ends them in order.
// Holds no secret and no port; never starts a thread, since it forks.
#include <sys/types.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "process_context.hpp"
#include "restart_policy.hpp"
#include "sallyport/base/directory.hpp"

namespace sallyport::app {

class Supervisor {
 public:
  using Main = int (*)(ProcessContext);
  struct Program {
    ProcessKind kind;
    Main main;
    std::string listen;
  };
  static constexpr std::chrono::milliseconds kStopBound{5000};

  /// `options` and `identities` outlive it. programs[0] is the vault.
  Supervisor(const ServerOptions& options, const Identities& identities, std::vector<Program> programs);
  ~Supervisor();

  /// Until SIGTERM or SIGINT: 0. A process that ends before all were ready for the first time: 1.
  int run();

 private:
  using Clock = std::chrono::steady_clock;
  enum class State : std::uint8_t {
    absent,    // not running; started when restart_at comes
    starting,  // forked
    ready,     // it said so
  };
  struct Process {
    Program program;
    State state = State::absent;
    pid_t pid = -1;
    base::UniqueFd control;
    RestartPolicy policy;
    Clock::time_point restart_at{};
    Control ready;  // its last word of readiness: address, note
  };

  base::Result<> set_up();
  base::Result<> start(Process& process);
  [[noreturn]] void become(Process& process, base::UniqueFd control);
  void introduce(const Process& process);
  void turn();
  int timeout() const;
  void take_signal();
  void take_message(Process& process);
  void reap();
  void ended(Process& process, int status);
  void start_due();
  void all_ready();
  base::Result<> write_ready_files(const std::string& text) const;
  void begin_stop();
  void go_on_stopping();
  bool running(bool with_vault) const;
  Process* find(pid_t pid);
  Process& vault() { return processes_.front(); }

  const ServerOptions& options_;
  const Identities& identities_;
  std::vector<Process> processes_;
  base::UniqueFd signals_;
  std::optional<base::Directory> run_;  // DATA/run: the vault's, which may put another in its place
  base::UniqueFd lock_;
  bool was_ready_ = false;
  bool failed_ = false;
  bool stopping_ = false;
  bool vault_told_ = false;  // to stop
  Clock::time_point stop_deadline_{};
};

/// {"pid", "ssh", "web", "web_at", "ca", "vault_socket", "host_key"}, as JSON.
std::string ready_text(const ServerOptions& options, const Control& ssh, const Control& web);
/// "READY=1" to the socket that NOTIFY_SOCKET names (sd_notify(3)); nothing without it.
void notify_ready();

}  // namespace sallyport::app
