#pragma once
// File descriptors that close themselves, and Unix sockets that carry them.
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/base/bytes.hpp"

namespace sallyport::base {

class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

Result<> set_nonblocking(int fd, bool on = true);
Result<> set_cloexec(int fd, bool on = true);
/// All of it or an Error; retries EINTR, waits (without bound) on a blocking descriptor only.
Result<> write_all(int fd, ByteView bytes);
/// Waits for `events` (poll(2) bits) until the timeout; false when it passed.
Result<bool> wait_for(int fd, short events, std::chrono::milliseconds timeout);

/// A connected pair of SOCK_STREAM (or SOCK_SEQPACKET) Unix sockets, close-on-exec.
Result<std::pair<UniqueFd, UniqueFd>> socket_pair(bool seqpacket = false);

/// What SO_PEERCRED says of the process that connected.
struct PeerCredentials {
  pid_t pid;
  uid_t uid;
  gid_t gid;
};
Result<PeerCredentials> peer_credentials(int socket);

/// One datagram on a SOCK_SEQPACKET socket with at most kMaxPassedFds descriptors (SCM_RIGHTS).
inline constexpr std::size_t kMaxPassedFds = 4;
Result<> send_with_fds(int socket, ByteView message, const std::vector<int>& fds);
struct Received {
  Bytes message;
  std::vector<UniqueFd> fds;
};
/// Errc::closed at end of stream. `max` bounds the message; longer ones are Errc::limit.
Result<Received> receive_with_fds(int socket, std::size_t max);

}  // namespace sallyport::base
