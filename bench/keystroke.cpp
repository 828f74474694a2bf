// The time from a keystroke to its echo through a command that holds a terminal:
//   keystroke ROUNDS command...      the command's far end must be `cat` on a raw terminal without echo
// Prints p50 and p99 in milliseconds. The command gets a terminal of its own, so that ssh behaves as for a person.
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

std::vector<double> measure(int fd, int rounds) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const char key = static_cast<char>('a' + i % 26);
    const auto start = Steady::now();
    if (::write(fd, &key, 1) != 1 || !read_until(fd, {&key, 1})) return {};
    times.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
    ::usleep(2000);  // a fast typist, not a flood: each key is its own packet
  }
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  int fd = -1;
  termios raw{};
  ::cfmakeraw(&raw);
  const pid_t pid = ::forkpty(&fd, nullptr, &raw, nullptr);
  if (pid == 0) {
    ::execvp(argv[2], argv + 2);
    std::_Exit(127);
  }
  const auto times = read_until(fd, kReady) ? measure(fd, std::atoi(argv[1])) : std::vector<double>{};
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
  if (times.empty()) {
    std::fprintf(stderr, "keystroke: no echo came\n");
    return 1;
  }
  std::printf("p50_ms=%.3f p99_ms=%.3f\n", times[times.size() / 2], times[times.size() * 99 / 100]);
  return 0;
}
