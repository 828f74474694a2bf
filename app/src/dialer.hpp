#pragma once
// Connects to a target without ever making its owner wait: name look-up in a short-lived child, then one address after
// another, all before one deadline. Sits in the owner's poll loop.
#include <sys/types.h>

#include <chrono>
#include <deque>
#include <string>

#include "sallyport/base/fd.hpp"
#include "tcp.hpp"

namespace sallyport::app {

class Dialer {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxAddresses = 8;

  /// Begins at once. The look-up's child is killed when it is late; its owner reaps it with its other children.
  Dialer(std::string host, std::uint16_t port, Clock::time_point deadline);
  Dialer(Dialer&&) = default;
  Dialer& operator=(Dialer&&) = default;
  ~Dialer();

  bool finished() const noexcept { return state_ == State::done || state_ == State::failed; }
  int fd() const noexcept { return fd_.get(); }
  short events() const noexcept;
  /// Call on_event() at this time if nothing came before.
  Clock::time_point deadline() const noexcept { return step_deadline_; }
  /// `ready`: poll() said something about fd().
  void on_event(bool ready, Clock::time_point now);
  /// Once, when finished: the connected socket (non-blocking, TCP_NODELAY), or a sentence for the person who waits.
  base::Result<base::UniqueFd> take();

 private:
  enum class State : std::uint8_t { resolving, connecting, done, failed };
  void resolve();
  void take_addresses();
  void connect_next(Clock::time_point now);
  void connected();
  void finish(State state, std::string why = {});
  void kill_resolver() noexcept;

  State state_ = State::resolving;
  std::string host_;
  std::uint16_t port_;
  Clock::time_point deadline_;
  Clock::time_point step_deadline_;
  base::UniqueFd fd_;
  base::UniqueFd resolver_;  // a pidfd: its number can't come to mean another process
  base::Bytes answer_;
  std::deque<TcpAddress> addresses_;
  std::string why_;
};

/// The resolver's child: writes addresses to `out` and ends. In the child only.
[[noreturn]] void run_resolver(const std::string& host, std::uint16_t port, int out);

}  // namespace sallyport::app
