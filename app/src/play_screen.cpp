#include "play_screen.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "environment.hpp"
#include "output.hpp"
#include "sallyport/recorder/player.hpp"

namespace sallyport::app {
namespace {

// Those that end nothing, or can't be caught. All others end a process that does not say otherwise (signal(7)), the
// real-time ones as well; the first two of these are libc's own, for which it refuses a handler.
constexpr std::array kNotFatal{SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD, SIGURG, SIGWINCH};
constexpr auto kFatal = [] {
  std::array<int, _NSIG - 1 - kNotFatal.size()> out{};
  auto next = out.begin();
  for (int number = 1; number < _NSIG; ++number)
    if (std::find(kNotFatal.begin(), kNotFatal.end(), number) == kNotFatal.end()) *next++ = number;
  return out;
}();
constexpr std::array kTold{SIGWINCH, SIGTSTP, SIGCONT};
constexpr int kEscapeMs = 100;  ///< the bytes of one key come faster
/// The main screen's last row, whatever stands there.
constexpr std::string_view kBelow = "\x1b[999;1H\x1b[2K";

// Handlers see no more than this.
termios usual{};
volatile std::sig_atomic_t held = 0;
volatile std::sig_atomic_t on_alternate = 0;
volatile std::sig_atomic_t resized = 0;
volatile std::sig_atomic_t stop_wanted = 0;
volatile std::sig_atomic_t continued = 0;
std::array<struct sigaction, kFatal.size()> fatal_before{};
std::array<struct sigaction, kTold.size()> told_before{};
sigset_t mask_before{};

void put(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, text.data(), text.size());
    if (done < 0 && errno != EINTR) return;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(done, 0)));
  }
}

/// Only calls that a signal handler may make.
void give_back() noexcept {
  if (held == 0) return;
  held = 0;
  put(recorder::kTerminalUsual);
  if (on_alternate != 0) put("\x1b[?1049l");
  put(kBelow);
  ::tcsetattr(STDOUT_FILENO, TCSANOW, &usual);
}

void on_fatal(int number) {
  give_back();
  (void)std::signal(number, SIG_DFL);
  (void)std::raise(number);
}

void on_told(int number) {
  if (number == SIGWINCH) resized = 1;
  if (number == SIGTSTP) stop_wanted = 1;
  if (number == SIGCONT) continued = 1;
}

template <std::size_t N>
void install(const std::array<int, N>& numbers, void (*handler)(int), int flags,
             std::array<struct sigaction, N>& before) {
  for (std::size_t i = 0; i < N; ++i) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigaction(numbers[i], nullptr, &before[i]);
    if (before[i].sa_handler == SIG_IGN) continue;  // nohup
    ::sigaction(numbers[i], &action, nullptr);
  }
}

template <std::size_t N>
void restore(const std::array<int, N>& numbers, const std::array<struct sigaction, N>& before) {
  for (std::size_t i = 0; i < N; ++i) ::sigaction(numbers[i], &before[i], nullptr);
}

/// They are heard in wait() only.
void hold_back_told() {
  sigset_t told;
  ::sigemptyset(&told);
  for (const int number : kTold) ::sigaddset(&told, number);
  ::sigprocmask(SIG_BLOCK, &told, &mask_before);
}

}  // namespace

PlayScreen::PlayScreen() {
  if (!is_terminal(STDOUT_FILENO) || ::tcgetattr(STDOUT_FILENO, &usual) != 0) return;
  active_ = true;
  keys_ = is_terminal(STDIN_FILENO);
  resized = 0;
  stop_wanted = 0;
  continued = 0;
  on_alternate = 0;
  hold_back_told();
  install(kFatal, on_fatal, static_cast<int>(SA_RESETHAND | SA_NODEFER), fatal_before);
  install(kTold, on_told, 0, told_before);
  apply();
}

PlayScreen::~PlayScreen() { leave(); }

void PlayScreen::apply() const noexcept {
  termios now = usual;
  // The recording's line ends are what its own terminal made of them.
  now.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  if (keys_) {
    now.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
  }
  held = 1;
  ::tcsetattr(STDOUT_FILENO, TCSANOW, &now);
}

void PlayScreen::leave() noexcept {
  if (!active_) return;
  active_ = false;
  give_back();
  restore(kFatal, fatal_before);
  restore(kTold, told_before);
  ::sigprocmask(SIG_SETMASK, &mask_before, nullptr);
}

TerminalSize PlayScreen::size() const {
  winsize told{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &told) != 0 || told.ws_col == 0 || told.ws_row == 0) return {};
  return {told.ws_col, told.ws_row};
}

void PlayScreen::set_alternate(bool on) noexcept { on_alternate = on ? 1 : 0; }

base::Result<> PlayScreen::clear() {
  set_alternate(false);
  return print_text(std::string(recorder::kTerminalUsual) + "\x1b[H\x1b[2J");
}

void PlayScreen::suspend() {
  give_back();
  struct sigaction usual_stop {};
  usual_stop.sa_handler = SIG_DFL;
  struct sigaction ours {};
  ::sigaction(SIGTSTP, &usual_stop, &ours);
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &stop, nullptr);
  ::kill(0, SIGTSTP);
  // Here it goes on, however much later.
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
  ::sigaction(SIGTSTP, &ours, nullptr);
  stop_wanted = 0;
  continued = 1;
}

PlayScreen::Woke PlayScreen::wait(std::chrono::milliseconds how_long) {
  const bool half = reader_.half();
  if (continued != 0) how_long = std::chrono::milliseconds(0);
  const auto bound = half ? std::min<std::int64_t>(how_long.count(), kEscapeMs) : how_long.count();
  const timespec limit{bound / 1000, bound % 1000 * 1000000};
  pollfd watched{keys_ ? STDIN_FILENO : -1, POLLIN, 0};
  const int ready = ::ppoll(&watched, 1, &limit, &mask_before);
  if (stop_wanted != 0) suspend();
  if (continued != 0 || resized != 0) {
    continued = 0;
    resized = 0;
    apply();
    return Woke::changed;
  }
  if (ready <= 0) {
    if (half && bound == kEscapeMs && reader_.give_up() == Key::quit) reader_.feed("q");
    return half ? Woke::input : Woke::time;
  }
  std::array<char, 256> bytes{};
  const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN) ? Woke::time : Woke::gone;
  reader_.feed({bytes.data(), static_cast<std::size_t>(got)});
  return Woke::input;
}

}  // namespace sallyport::app
