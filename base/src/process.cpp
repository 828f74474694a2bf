#include "sallyport/base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace sallyport::base {
namespace {

using Steady = std::chrono::steady_clock;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// posix_spawn's two settings objects, freed together.
struct SpawnSettings {
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

void prepare(SpawnSettings& settings, const Child::Streams& streams) {
  if (streams.in) {
    posix_spawn_file_actions_adddup2(&settings.actions, streams.in.get(), STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  if (streams.out) posix_spawn_file_actions_adddup2(&settings.actions, streams.out.get(), STDOUT_FILENO);
  if (streams.err) posix_spawn_file_actions_adddup2(&settings.actions, streams.err.get(), STDERR_FILENO);
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &defaults);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int exit_status(int raw) { return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw); }

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return fail_errno("making a pipe", errno);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// Feeds the input and gathers both outputs until all three ends are closed, a bound is passed, or time is up.
class Exchange {
 public:
  Exchange(const Command& command, Pipe in, Pipe out, Pipe err)
      : command_(command), in_(std::move(in.write)), out_(std::move(out.read)), err_(std::move(err.read)) {
    if (command.input != nullptr) rest_ = command.input->expose();
    if (rest_.empty()) in_.reset();
  }

  Result<> pump(Steady::time_point deadline) {
    while (in_ || out_ || err_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
      if (left <= 0) return fail(Errc::timed_out, command_.argv[0] + " did not finish in time");
      std::array<pollfd, 3> fds{{{in_.get(), POLLOUT, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
        return fail_errno("waiting for " + command_.argv[0], errno);
      }
      if (fds[0].revents != 0) feed();
      if (fds[1].revents != 0) {
        SALLYPORT_TRYV(gather(out_, finished.out));
      }
      if (fds[2].revents != 0) {
        SALLYPORT_TRYV(gather(err_, finished.err));
      }
    }
    return ok();
  }

  Finished finished{0, {}, {}};

 private:
  void feed() {
    const auto written = ::send(in_.get(), rest_.data(), rest_.size(), MSG_NOSIGNAL);
    if (written > 0) rest_ = rest_.subspan(static_cast<std::size_t>(written));
    if (rest_.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) in_.reset();
  }

  Result<> gather(UniqueFd& fd, Bytes& into) {
    std::array<std::uint8_t, 16384> buffer{};
    const auto got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) fd.reset();
    if (got <= 0) return ok();
    const auto size = static_cast<std::size_t>(got);
    if (into.size() + size > command_.output_limit) return fail(Errc::limit, command_.argv[0] + " printed too much");
    into.insert(into.end(), buffer.begin(), buffer.begin() + got);
    wipe(MutableByteView(buffer).first(size));
    return ok();
  }

  const Command& command_;
  UniqueFd in_;
  UniqueFd out_;
  UniqueFd err_;
  ByteView rest_;
};

}  // namespace

Result<Child> Child::spawn(const Command& command, Streams streams) {
  SALLYPORT_ENSURE(!command.argv.empty());
  SpawnSettings settings;
  prepare(settings, streams);
  const auto argv = pointers(command.argv);
  const auto environment = pointers(command.environment);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, argv[0], &settings.actions, &settings.attributes, argv.data(), environment.data());
  if (error != 0) return fail_errno("starting " + command.argv[0], error);
  return Child(pid);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
  Child old(std::move(*this));
  pid_ = std::exchange(other.pid_, -1);
  return *this;
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

void Child::signal(int number) noexcept {
  if (pid_ > 0) ::kill(pid_, number);
}

std::optional<int> Child::wait(std::chrono::milliseconds timeout) {
  if (pid_ <= 0) return std::nullopt;
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (handle) {
    const auto ready = wait_for(handle.get(), POLLIN, timeout);
    if (!ready || !ready.value()) return std::nullopt;
  }
  int raw = 0;
  if (::waitpid(pid_, &raw, handle ? 0 : WNOHANG) != pid_) return std::nullopt;
  ::kill(-pid_, SIGKILL);  // whatever it left behind in its group
  pid_ = -1;
  return exit_status(raw);
}

Result<Finished> run(const Command& command) {
  const auto deadline = Steady::now() + command.timeout;
  // A socket, not a pipe: a child that closes its input early must not raise SIGPIPE here.
  SALLYPORT_TRY(auto ends, socket_pair());
  Pipe in{std::move(ends.first), std::move(ends.second)};
  SALLYPORT_TRY(auto out, make_pipe());
  SALLYPORT_TRY(auto err, make_pipe());
  SALLYPORT_TRYV(set_nonblocking(in.write.get()));
  SALLYPORT_TRY(auto child, Child::spawn(command, {std::move(in.read), std::move(out.write), std::move(err.write)}));
  Exchange exchange(command, std::move(in), std::move(out), std::move(err));
  SALLYPORT_TRYV(exchange.pump(deadline));
  const auto status = child.wait(std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()));
  if (!status) return fail(Errc::timed_out, command.argv[0] + " did not finish in time");
  exchange.finished.status = *status;
  return std::move(exchange.finished);
}

}  // namespace sallyport::base
