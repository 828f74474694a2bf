#include "play_terminal.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include <fmt/format.h>

#include "environment.hpp"
#include "output.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kSeekStep = 10000;

// Keys without Enter and without echo, while this lives.
class KeyMode {
 public:
  KeyMode()
      : active_(is_terminal(STDIN_FILENO) && is_terminal(STDOUT_FILENO) && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!active_) return;
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    keys.c_cc[VMIN] = 0;
    keys.c_cc[VTIME] = 0;
    active_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
  }
  ~KeyMode() {
    if (!active_) return;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    // Whatever the recording did to colours, cursor and screen.
    (void)print_text("\x1b[0m\x1b[?25h\x1b[?1049l\r\n");
  }
  KeyMode(const KeyMode&) = delete;
  KeyMode& operator=(const KeyMode&) = delete;
  bool active() const noexcept { return active_; }

 private:
  termios before_{};
  bool active_;
};

enum class Key : unsigned char { none, pause, forward, back, faster, slower, quit };

Key read_key() {
  char bytes[8];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count <= 0) return Key::none;
  const std::string_view text(bytes, static_cast<std::size_t>(count));
  if (text == " ") return Key::pause;
  if (text == "q" || text == "\x03" || text == "\x1b") return Key::quit;
  if (text == "\x1b[C" || text == "\x1bOC") return Key::forward;
  if (text == "\x1b[D" || text == "\x1bOD") return Key::back;
  if (text == "\x1b[A" || text == "\x1bOA" || text == "+") return Key::faster;
  if (text == "\x1b[B" || text == "\x1bOB" || text == "-") return Key::slower;
  return Key::none;
}

class Screening {
 public:
  Screening(recorder::Player& player, const PlayTerminal& how) : player_(player), how_(how), speed_(how.speed) {}

  base::Result<> run() {
    while (!quit_) {
      SALLYPORT_TRY(const auto event, player_.next());
      if (!event) return base::ok();
      const bool jumped = !how_.instant && wait(event->wait);
      if (jumped || quit_) continue;
      SALLYPORT_TRYV(print_text(event->data));
    }
    return base::ok();
  }

 private:
  // True when a key moved the position: what was to be shown next is of no use then.
  bool wait(std::chrono::milliseconds how_long) {
    auto until = Clock::now() + how_long;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0 && !paused_) return false;
      pollfd watched{keys_.active() ? STDIN_FILENO : -1, POLLIN, 0};
      const int bound = paused_ ? -1 : static_cast<int>(std::min<std::int64_t>(left.count(), 3600000));
      if (::poll(&watched, 1, keys_.active() ? bound : static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0)
        continue;
      if (act(read_key())) return true;
      if (quit_) return false;
    }
  }

  bool act(Key key) {
    const auto at = static_cast<std::int64_t>(player_.position_ms());
    switch (key) {
      case Key::pause:
        paused_ = !paused_;
        return false;
      case Key::quit:
        quit_ = true;
        return false;
      case Key::faster:
        set_speed(speed_ * 2);
        return false;
      case Key::slower:
        set_speed(speed_ / 2);
        return false;
      case Key::forward:
        return seek(at + kSeekStep);
      case Key::back:
        return seek(std::max<std::int64_t>(0, at - kSeekStep));
      case Key::none:
        return false;
    }
    return false;
  }

  void set_speed(double speed) {
    speed_ = std::clamp(speed, 0.01, 1000.0);
    player_.set_speed(speed_);
  }
  bool seek(std::int64_t to) { return player_.seek(std::chrono::milliseconds(to)).has_value(); }

  recorder::Player& player_;
  PlayTerminal how_;
  double speed_;
  KeyMode keys_;
  bool paused_ = false;
  bool quit_ = false;
};

}  // namespace

base::Result<> play_on_terminal(recorder::Player& player, const PlayTerminal& how) {
  return Screening(player, how).run();
}

}  // namespace sallyport::app
