#include "supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "resource_limits.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/log.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::fail_errno;
using base::LogLevel;
using base::ok;
using base::Result;
using base::UniqueFd;

namespace {

constexpr std::chrono::seconds kGoTimeout{60};
constexpr const char* kReadyFile = "ready.json";

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

PeerKind peer_kind(ProcessKind kind) noexcept {
  if (kind == ProcessKind::web) return PeerKind::web;
  return kind == ProcessKind::rotator ? PeerKind::rotator : PeerKind::ssh;
}

/// The vault and web hold many people's requests at once.
std::size_t slab_of(ProcessKind kind) noexcept {
  if (::geteuid() != 0) return base::LockedMemory::kDefaultSize;
  if (kind == ProcessKind::vault) return 32U << 20U;
  return kind == ProcessKind::web ? 16U << 20U : base::LockedMemory::kDefaultSize;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Supervisor::Supervisor(const ServerOptions& options, const Identities& identities, std::vector<Program> programs)
    : options_(options), identities_(identities) {
  for (auto& program : programs) {
    processes_.emplace_back();
    processes_.back().program = std::move(program);
  }
  SALLYPORT_ENSURE(!processes_.empty() && vault().program.kind == ProcessKind::vault);
}

Supervisor::~Supervisor() {
  for (auto& process : processes_) {
    if (process.pid > 0) ::kill(process.pid, SIGKILL);
  }
}

int Supervisor::run() {
  if (const auto set = set_up(); !set) return start_failed(set.error());
  while (!stopping_ || running(true)) turn();
  (void)run_->remove_file(kReadyFile);
  base::log(LogLevel::info, "server.stopped");
  return failed_ ? 1 : 0;
}

Result<> Supervisor::set_up() {
  SALLYPORT_TRY(const auto data, base::Directory::open(options_.data));
  SALLYPORT_TRY(auto run, data.child(DataPaths(options_.data).run.filename()));
  run_ = std::move(run);
  SALLYPORT_TRY(lock_, run_->open_file("lock", O_RDWR | O_CREAT));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::conflict, "a server already runs on " + options_.data.native());
  // Sessions outlive a listener that dies; they become children of this process then, and are reaped here.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return fail_errno("can't become a subreaper", errno);
  const sigset_t watched = watched_signals();
  if (::sigprocmask(SIG_BLOCK, &watched, nullptr) != 0) return fail_errno("can't block signals", errno);
  ignore_write_signals();
  signals_.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return fail_errno("can't make a signalfd", errno);
  return ok();
}

Result<> Supervisor::start(Process& process) {
  SALLYPORT_TRY(auto pair, base::socket_pair(true));
  SALLYPORT_TRYV(base::set_nonblocking(pair.first.get()));
  SALLYPORT_TRYV(base::set_nonblocking(pair.second.get()));
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("can't fork", errno);
  if (pid == 0) become(process, std::move(pair.second));
  process.pid = pid;
  process.control = std::move(pair.first);
  process.state = State::starting;
  process.policy.started(Clock::now());
  base::log(LogLevel::info, "process.started",
            {{"kind", std::string(to_string(process.program.kind))}, {"pid", std::to_string(pid)}});
  if (process.program.kind != ProcessKind::vault) {
    introduce(process);
    return ok();
  }
  for (const auto& other : processes_) {
    if (other.program.kind != ProcessKind::vault && other.pid > 0) introduce(other);
  }
  return ok();
}

/// In the child: nothing of the supervisor's is kept but what the context carries.
void Supervisor::become(Process& process, UniqueFd control) {
  const pid_t supervisor = ::getppid();
  for (auto& other : processes_) other.control.reset();
  signals_.reset();
  lock_.reset();
  run_.reset();
  const sigset_t watched = watched_signals();
  ::sigprocmask(SIG_UNBLOCK, &watched, nullptr);
  // The terminal's Ctrl-C goes to the whole group; only the supervisor decides on the order of ending.
  (void)::signal(SIGINT, SIG_IGN);
  (void)::signal(SIGHUP, SIG_IGN);
  base::log_init(to_string(process.program.kind), options_.log_level);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != supervisor) ::_exit(1);
  if (process.program.kind != ProcessKind::vault && !await_control(control.get(), ControlType::go, kGoTimeout))
    ::_exit(1);
  // As root still, where that is so: root may lock more than an ordinary limit allows.
  if (const auto locked = base::LockedMemory::after_fork(lock_policy(options_), slab_of(process.program.kind)); !locked)
    ::_exit(start_failed(locked.error()));
  ::_exit(process.program.main({options_, identities_, std::move(control), process.program.listen}));
}

/// The vault answers `known`; that is when the process itself may go on.
void Supervisor::introduce(const Process& process) {
  if (!vault().control) return;
  const auto& account = identities_.of(process.program.kind);
  const uid_t uid = account ? account->uid : ::geteuid();
  // A vault that does not listen any more ends and is told everything anew.
  (void)send_control(vault().control.get(),
                     {ControlType::peer, process.pid, uid, peer_kind(process.program.kind), {}, {}});
}

void Supervisor::turn() {
  if (stopping_)
    go_on_stopping();
  else
    start_due();
  std::vector<pollfd> entries{{signals_.get(), POLLIN, 0}};
  for (const auto& process : processes_) entries.push_back({process.control ? process.control.get() : -1, POLLIN, 0});
  if (::poll(entries.data(), entries.size(), timeout()) < 0) return;
  for (std::size_t index = 0; index < processes_.size(); ++index) {
    if (entries[index + 1].revents != 0) take_message(processes_[index]);
  }
  if (entries[0].revents != 0) take_signal();
}

int Supervisor::timeout() const {
  auto until = Clock::now() + std::chrono::seconds(60);
  if (stopping_) until = stop_deadline_;
  for (const auto& process : processes_) {
    if (!stopping_ && process.state == State::absent) until = std::min(until, process.restart_at);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60000));
}

void Supervisor::start_due() {
  for (auto& process : processes_) {
    if (process.state != State::absent || process.restart_at > Clock::now()) continue;
    if (const auto started = start(process); !started) {
      base::log(LogLevel::error, "process.not_started", {{"why", started.error().describe()}});
      process.restart_at = Clock::now() + process.policy.ended(Clock::now());
    }
  }
}

void Supervisor::take_signal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) begin_stop();
  }
  reap();
}

void Supervisor::take_message(Process& process) {
  auto received = receive_control(process.control.get());
  if (!received) {
    // Closed: it is ending. Not understood, or closed by one that nobody asked to end: it is made to.
    process.control.reset();
    if (process.pid > 0 && !stopping_) ::kill(process.pid, SIGKILL);
    return;
  }
  const Control& message = received.value();
  if (message.type == ControlType::known && &process == &vault()) {
    Process* known = find(message.pid);
    if (known != nullptr && known->control) (void)send_control(known->control.get(), {.type = ControlType::go});
  }
  if (message.type != ControlType::ready) return;
  process.state = State::ready;
  process.ready = message;
  if (!message.address.empty()) process.program.listen = message.address;
  base::log(LogLevel::info, "process.ready",
            {{"kind", std::string(to_string(process.program.kind))}, {"address", message.address}});
  all_ready();
}

void Supervisor::all_ready() {
  const bool all =
      std::all_of(processes_.begin(), processes_.end(), [](const auto& p) { return p.state == State::ready; });
  if (!all || was_ready_) return;
  Control ssh;
  Control web;
  for (const auto& process : processes_) {
    if (process.program.kind == ProcessKind::ssh) ssh = process.ready;
    if (process.program.kind == ProcessKind::web) web = process.ready;
  }
  if (const auto written = write_ready_files(ready_text(options_, ssh, web)); !written) {
    base::log(LogLevel::error, "server.ready_file", {{"why", written.error().describe()}});
    failed_ = true;
    return begin_stop();
  }
  was_ready_ = true;
  notify_ready();
  base::log(LogLevel::info, "server.ready",
            {{"ssh", ssh.address}, {"web", web.address}, {"data", options_.data.native()}});
}

Result<> Supervisor::write_ready_files(const std::string& text) const {
  SALLYPORT_TRYV(run_->write_file(kReadyFile, base::as_bytes(text), 0644));
  if (!options_.ready_file) return ok();
  return base::write_file_atomic(*options_.ready_file, base::as_bytes(text), 0644);
}

void Supervisor::reap() {
  for (;;) {
    int status = 0;
    siginfo_t info{};
    // Looked at first and taken away after the vault was told: until then no other process can have this pid.
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    Process* process = find(info.si_pid);
    if (process != nullptr && process != &vault() && vault().control)
      (void)send_control(vault().control.get(), {.type = ControlType::gone, .pid = info.si_pid});
    ::waitpid(info.si_pid, &status, 0);
    if (process != nullptr) ended(*process, status);
  }
}

void Supervisor::ended(Process& process, int status) {
  base::log(stopping_ ? LogLevel::info : LogLevel::error, "process.ended",
            {{"kind", std::string(to_string(process.program.kind))},
             {"pid", std::to_string(process.pid)},
             {"how", how_it_ended(status)}});
  process.pid = -1;
  process.control.reset();
  process.state = State::absent;
  process.restart_at = Clock::now() + process.policy.ended(Clock::now());
  if (was_ready_ || stopping_) return;
  // What fails at the first start (a wrong header, a port that is taken) fails again: a person has to look.
  base::log(LogLevel::error, "server.start_failed", {{"kind", std::string(to_string(process.program.kind))}});
  failed_ = true;
  begin_stop();
}

void Supervisor::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  stop_deadline_ = Clock::now() + kStopBound;
  for (auto& process : processes_) {
    if (&process == &vault() || !process.control) continue;
    (void)send_control(process.control.get(), {.type = ControlType::stop});
  }
}

void Supervisor::go_on_stopping() {
  if (Clock::now() >= stop_deadline_) {
    for (auto& process : processes_) {
      if (process.pid > 0) ::kill(process.pid, SIGKILL);
    }
    stop_deadline_ = Clock::now() + kStopBound;
  }
  // The vault goes last, so that the others' last words are heard.
  if (running(false) || vault_told_ || !vault().control) return;
  vault_told_ = true;
  (void)send_control(vault().control.get(), {.type = ControlType::stop});
}

bool Supervisor::running(bool with_vault) const {
  return std::any_of(processes_.begin(), processes_.end(), [&](const auto& process) {
    return process.pid > 0 && (with_vault || process.program.kind != ProcessKind::vault);
  });
}

Supervisor::Process* Supervisor::find(pid_t pid) {
  const auto found = std::find_if(processes_.begin(), processes_.end(), [pid](const auto& p) { return p.pid == pid; });
  return found == processes_.end() ? nullptr : &*found;
}

}  // namespace sallyport::app
