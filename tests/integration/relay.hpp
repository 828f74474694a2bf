#pragma once
// A TCP connection that can be made to pass bytes one way only: how a peer looks that sends and never reads.
#include "broker_fixture.hpp"

namespace sallyport::test {

/// For one connection, in a process of its own, on the loopback.
class Relay {
 public:
  explicit Relay(std::uint16_t to);
  ~Relay();
  Relay(const Relay&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  /// From now on nothing is read of what comes from the end that was dialled (true), or from the one that dialled.
  void stop_reading(bool dialled);
  /// As before again, on both ends.
  void go_on();

 private:
  std::uint16_t port_ = 0;
  base::UniqueFd commands_;
  pid_t pid_ = -1;
};

}  // namespace sallyport::test
