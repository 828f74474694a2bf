#include "prompts.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>

#include "environment.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/totp.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxLine = 1024;

// Echo is off while this lives. Signals that would leave the terminal mute are held back meanwhile: `signals` is
// readable when one has come, and it takes its effect when this ends. What was typed and not read by then is thrown
// away: the terminal would hand it to its next reader, a shell that shows it, runs it and remembers it.
class Silence {
 public:
  explicit Silence(int tty) : tty_(tty) {
    sigset_t held;
    sigemptyset(&held);
    for (const int number : {SIGINT, SIGTERM, SIGTSTP, SIGHUP, SIGQUIT}) sigaddset(&held, number);
    sigprocmask(SIG_BLOCK, &held, &before_signals_);
    signals_.reset(::signalfd(-1, &held, SFD_CLOEXEC));
    silent_ = signals_ && ::tcgetattr(tty_, &before_) == 0;
    if (!silent_) return;
    termios mute = before_;
    mute.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    silent_ = ::tcsetattr(tty_, TCSAFLUSH, &mute) == 0;
  }
  ~Silence() {
    if (silent_) ::tcflush(tty_, TCIFLUSH);
    if (silent_) ::tcsetattr(tty_, TCSANOW, &before_);
    sigprocmask(SIG_SETMASK, &before_signals_, nullptr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool silent() const noexcept { return silent_; }
  int signals() const noexcept { return signals_.get(); }

 private:
  int tty_;
  base::UniqueFd signals_;
  bool silent_ = false;
  termios before_{};
  sigset_t before_signals_{};
};

base::Result<base::UniqueFd> open_terminal() {
  if (!is_terminal(STDIN_FILENO)) {
    return base::fail(base::Errc::unsupported, "stdin is no terminal, so nothing can be asked");
  }
  base::UniqueFd tty(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!tty) return base::fail_errno("can't open the terminal", errno);
  return tty;
}

// Whether a signal came before there was anything to read.
bool signalled(int fd, int signals) {
  std::array<pollfd, 2> waiting{pollfd{signals, POLLIN, 0}, pollfd{fd, POLLIN, 0}};
  while (::poll(waiting.data(), waiting.size(), -1) < 0 && errno == EINTR) continue;
  return waiting[0].revents != 0;
}

// Nothing: a signal came before it.
using Answer = std::optional<base::SecretBytes>;

// A line of `fd`. Where `signals` is one, it ends with nothing as soon as that is readable; the rest of the line
// (which the terminal throws away at a signal of its own) is not waited for.
base::Result<Answer> read_line(int fd, int signals = -1) {
  base::SecretBytes line(kMaxLine);
  std::size_t used = 0;
  for (;;) {
    if (signals >= 0 && signalled(fd, signals)) return std::nullopt;
    std::uint8_t byte = 0;
    const ssize_t count = ::read(fd, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::fail_errno("can't read a secret", errno);
    if (count == 0 && used == 0)
      return base::fail(base::Errc::invalid, "a secret was expected, the input is at its end");
    if (count == 0 || byte == '\n') break;
    if (used == kMaxLine) return base::fail(base::Errc::limit, "a secret's line is longer than 1024 bytes");
    line.expose_mutable()[used++] = byte;
  }
  if (used > 0 && line.expose()[used - 1] == '\r') --used;
  line.shrink(used);
  return line;
}

std::string_view unindented(const base::SecretBytes& line) {
  const auto text = line.expose_text();
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

// Lines under one another. Those that find no room are not kept, but counted.
class Lines {
 public:
  explicit Lines(std::size_t max) : kept_(max) {}
  void add(std::string_view line) {
    const auto room = kept_.size() - std::min(used_, kept_.size());
    if (line.size() < room) {
      auto* end = std::copy(line.begin(), line.end(), kept_.expose_mutable().data() + used_);
      *end = '\n';
    }
    used_ += line.size() + 1;
  }
  base::Result<Answer> take() && {
    if (used_ > kept_.size())
      return base::fail(base::Errc::limit, "a secret is longer than " + std::to_string(kept_.size()) + " bytes");
    kept_.shrink(used_);
    return Answer(std::move(kept_));
  }

 private:
  base::SecretBytes kept_;
  std::size_t used_ = 0;
};

// The rest of a key of which `first` was pasted, to the line that ends it: also of one that is too long, or its rest
// went to the terminal's next reader. A line end of CR LF reaches us as two, so that each line has an empty one behind.
base::Result<Answer> read_key(int tty, int signals, const base::SecretBytes& first, std::size_t max) {
  Lines key(max);
  key.add(unindented(first));
  bool doubled = false;
  for (std::size_t number = 1;; ++number) {
    SALLYPORT_TRY(const auto line, read_line(tty, signals));
    if (!line) return std::nullopt;
    const auto text = unindented(*line);
    if (number == 1) doubled = text.empty();
    if (!doubled || number % 2 == 0) key.add(text);
    if (text.starts_with("-----END")) return std::move(key).take();
  }
}

bool begins_key(std::string_view line) {
  return line.starts_with("-----BEGIN") && line.find("-----END") == std::string_view::npos;
}

// One line, or a whole key.
base::Result<Answer> read_answer(int tty, int signals, std::size_t max) {
  SALLYPORT_TRY(auto line, read_line(tty, signals));
  if (!line || !begins_key(unindented(*line))) return line;
  return read_key(tty, signals, *line, max);
}

// Nothing: a signal came, and has had its effect (the process was stopped and goes on, or it ignores the signal).
base::Result<Answer> ask_silently(int tty, const std::string& question, std::size_t max) {
  Silence silence(tty);
  if (!silence.silent()) return base::fail(base::Errc::io, "can't turn the terminal's echo off");
  SALLYPORT_TRYV(base::write_all(tty, base::as_bytes(question + ": ")));
  auto answer = read_answer(tty, silence.signals(), max);
  SALLYPORT_TRYV(base::write_all(tty, base::as_bytes("\n")));
  return answer;
}

}  // namespace

base::Result<base::SecretBytes> read_secret_line(int fd) {
  SALLYPORT_TRY(auto line, read_line(fd));
  return std::move(*line);
}

base::Result<base::SecretBytes> prompt_secret(const std::string& question, std::size_t max) {
  SALLYPORT_TRY(const auto tty, open_terminal());
  for (;;) {
    SALLYPORT_TRY(auto answer, ask_silently(tty.get(), question, max));
    if (answer) return std::move(*answer);
  }
}

namespace {

constexpr int kTries = 3;

/// Shows why an answer will not do.
base::Result<> say(const base::Error& why) {
  SALLYPORT_TRY(const auto tty, open_terminal());
  return base::write_all(tty.get(), base::as_bytes(base::escape_text(why.context(), 400) + "; once more\n"));
}

/// `ask` until its answer will do. Only what is wrong with the answer itself (Errc::invalid) is asked for again.
template <class Ask>
auto ask_again(Ask ask) -> decltype(ask()) {
  for (int left = kTries;; --left) {
    auto answer = ask();
    if (answer || left == 1 || answer.error().code() != base::Errc::invalid) return answer;
    SALLYPORT_TRYV(say(answer.error()));
  }
}

base::Result<base::SecretBytes> ask_twice(const std::string& question, const CheckSecret& check) {
  SALLYPORT_TRY(auto first, prompt_secret(question));
  if (check) {
    SALLYPORT_TRYV(check(first));
  }
  SALLYPORT_TRY(const auto second, prompt_secret(question + " again"));
  if (!base::equals_ct(first, second)) return base::fail(base::Errc::invalid, "the two answers differ");
  return first;
}

}  // namespace

base::Result<base::SecretBytes> prompt_new_secret(const std::string& question, const CheckSecret& check) {
  return ask_again([&] { return ask_twice(question, check); });
}

base::Result<> check_code(const base::SecretBytes& code) {
  if (vault::is_totp_format(code.expose())) return base::ok();
  return base::fail(base::Errc::invalid,
                    "a one-time code is exactly six digits, without the space that some devices show");
}

base::Result<base::SecretBytes> prompt_code(const std::string& question, bool may_be_empty) {
  return ask_again([&]() -> base::Result<base::SecretBytes> {
    SALLYPORT_TRY(auto code, prompt_secret(question));
    if (may_be_empty && code.empty()) return code;
    SALLYPORT_TRYV(check_code(code));
    return code;
  });
}

base::Result<std::string> prompt_line(const std::string& question, const CheckLine& check) {
  return ask_again([&]() -> base::Result<std::string> {
    SALLYPORT_TRY(const auto tty, open_terminal());
    SALLYPORT_TRYV(base::write_all(tty.get(), base::as_bytes(question + ": ")));
    SALLYPORT_TRY(const auto line, read_secret_line(tty.get()));
    std::string text(line.expose_text());
    if (check) {
      SALLYPORT_TRYV(check(text));
    }
    return text;
  });
}

base::Result<> confirm(const std::string& question) {
  if (!is_terminal(STDIN_FILENO)) return base::ok();
  SALLYPORT_TRY(const auto answer, prompt_line(question + " [y/N]"));
  if (answer == "y" || answer == "yes" || answer == "Y") return base::ok();
  return base::fail(base::Errc::invalid, "not confirmed; nothing was changed");
}

}  // namespace sallyport::app
