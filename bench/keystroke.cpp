// The time from a keystroke to its echo through a command that holds a terminal:
//   keystroke [--pace MS] [--times] ROUNDS command...
// The command's far end must be `cat` on a raw terminal without echo. Prints p50 and p99 in milliseconds, or with
// --times each of them. The command gets a terminal of its own, so that ssh behaves as for a person.
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;
constexpr std::string_view kReady = "READY";

/// Reads until `wanted` was seen; false after 20 s or at the end.
bool read_until(int fd, std::string_view wanted) {
  std::string seen;
  const auto deadline = Steady::now() + std::chrono::seconds(20);
  while (seen.find(wanted) == std::string::npos) {
    pollfd entry{fd, POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 4096> piece{};
    const auto got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) return false;
    seen.append(piece.data(), static_cast<std::size_t>(got));
  }
  return true;
}

struct Wish {
  int pace_ms = 2;  ///< a fast typist, not a flood: each key is its own packet
  bool times = false;
  int rounds = 0;
  char** command = nullptr;
};

/// Null command: not understood.
Wish wish_of(int argc, char** argv) {
  Wish wish;
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    const std::string_view word = argv[at];
    if (word == "--times") wish.times = true;
    if (word == "--pace" && at + 1 < argc) wish.pace_ms = std::atoi(argv[++at]);
  }
  if (at + 1 >= argc) return wish;
  wish.rounds = std::atoi(argv[at]);
  wish.command = argv + at + 1;
  return wish;
}

std::vector<double> measure(int fd, int rounds, int pace_ms) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const char key = static_cast<char>('a' + i % 26);
    const auto start = Steady::now();
    if (::write(fd, &key, 1) != 1 || !read_until(fd, {&key, 1})) return {};
    times.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
    ::usleep(static_cast<useconds_t>(pace_ms) * 1000);
  }
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  const Wish wish = wish_of(argc, argv);
  if (wish.command == nullptr) return 2;
  int fd = -1;
  termios raw{};
  ::cfmakeraw(&raw);
  const pid_t pid = ::forkpty(&fd, nullptr, &raw, nullptr);
  if (pid == 0) {
    ::execvp(wish.command[0], wish.command);
    std::_Exit(127);
  }
  const auto times = read_until(fd, kReady) ? measure(fd, wish.rounds, wish.pace_ms) : std::vector<double>{};
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
  if (times.empty()) {
    std::fprintf(stderr, "keystroke: no echo came\n");
    return 1;
  }
  if (wish.times) {
    for (const double time : times) std::printf("%.3f\n", time);
    return 0;
  }
  std::printf("p50_ms=%.3f p99_ms=%.3f\n", times[times.size() / 2], times[times.size() * 99 / 100]);
  return 0;
}
