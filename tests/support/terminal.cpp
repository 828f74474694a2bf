#include "support/terminal.hpp"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "sallyport/base/file.hpp"

namespace sallyport::test {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> pointers_of(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Terminal::Terminal(std::vector<std::string> argv, std::vector<std::string> environment, unsigned short rows,
                   unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  auto words = pointers_of(argv);
  auto variables = pointers_of(environment);
  int master = -1;
  pid_ = forkpty(&master, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::runtime_error("no terminal");
  if (pid_ == 0) {
    (void)execvpe(words[0], words.data(), variables.data());
    _exit(127);
  }
  master_.reset(master);
}

Terminal::~Terminal() {
  if (pid_ <= 0) return;
  (void)kill(pid_, SIGKILL);
  (void)waitpid(pid_, nullptr, 0);
}

void Terminal::resize(unsigned short rows, unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  if (ioctl(master_.get(), TIOCSWINSZ, &size) != 0) throw std::runtime_error("the terminal keeps its size");
}

void Terminal::type(const std::string& text) { (void)base::write_all(master_.get(), base::as_bytes(text)); }

bool Terminal::read_some(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd wanted{master_.get(), POLLIN, 0};
  if (left <= 0 || poll(&wanted, 1, static_cast<int>(left)) <= 0) return false;
  std::array<char, 4096> buffer{};
  // EIO: the last program that held the terminal has gone.
  const auto got = read(master_.get(), buffer.data(), buffer.size());
  if (got <= 0) return false;
  shown_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

bool Terminal::wait_for(const std::string& text, std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (shown_.find(text) == std::string::npos) {
    if (!read_some(until)) return false;
  }
  return true;
}

int Terminal::finish(std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (read_some(until)) {
  }
  if (Clock::now() >= until) return -1;
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace sallyport::test
