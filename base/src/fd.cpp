#include "sallyport/base/fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sallyport::base {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  reset(other.release());
  return *this;
}

void UniqueFd::reset(int fd) noexcept {
  if (fd_ >= 0 && fd_ != fd) ::close(fd_);
  fd_ = fd;
}

Result<> set_nonblocking(int fd, bool on) {
  // Not by F_SETFL, which a session's sandbox does not know: it could change more.
  int value = on ? 1 : 0;
  if (::ioctl(fd, FIONBIO, &value) != 0) return fail_errno("setting a descriptor to wait or not", errno);
  return ok();
}

Result<> set_cloexec(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags < 0) return fail_errno("reading descriptor flags", errno);
  if (::fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) < 0)
    return fail_errno("setting descriptor flags", errno);
  return ok();
}

Result<> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("writing", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ok();
}

Result<bool> wait_for(int fd, short events, std::chrono::milliseconds timeout) {
  using Steady = std::chrono::steady_clock;
  const auto deadline = Steady::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1U << 30U)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return fail_errno("waiting on a descriptor", errno);
  }
}

Result<std::pair<UniqueFd, UniqueFd>> socket_pair(bool seqpacket) {
  std::array<int, 2> fds{};
  const int type = (seqpacket ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC;
  if (::socketpair(AF_UNIX, type, 0, fds.data()) != 0) return fail_errno("making a socket pair", errno);
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Result<PeerCredentials> peer_credentials(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
    return fail_errno("asking who the peer is", errno);
  return PeerCredentials{who.pid, who.uid, who.gid};
}

namespace {
constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(int) * kMaxPassedFds);

msghdr message_header(iovec& part) {
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  return header;
}

std::vector<UniqueFd> take_fds(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (auto* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const auto count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

Result<> send_with_fds(int socket, ByteView message, const std::vector<int>& fds) {
  SALLYPORT_ENSURE(fds.size() <= kMaxPassedFds && !message.empty());
  iovec part{const_cast<std::uint8_t*>(message.data()), message.size()};
  auto header = message_header(part);
  alignas(cmsghdr) std::array<std::uint8_t, kControlSize> control{};
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    auto* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * fds.size());
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno == EPIPE || errno == ECONNRESET) return fail(Errc::closed, "the peer has gone");
    if (errno != EINTR) return fail_errno("sending a message", errno);
  }
  return ok();
}

Result<Received> receive_with_fds(int socket, std::size_t max) {
  Received received;
  received.message.resize(max);
  iovec part{received.message.data(), max};
  auto header = message_header(part);
  alignas(cmsghdr) std::array<std::uint8_t, kControlSize> control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t size = -1;
  while ((size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == ECONNRESET) return fail(Errc::closed, "the peer has gone");
    if (errno == EAGAIN || errno == EWOULDBLOCK) return fail(Errc::timed_out, "no message is there");
    if (errno != EINTR) return fail_errno("receiving a message", errno);
  }
  received.fds = take_fds(header);
  if (size == 0 && received.fds.empty()) return fail(Errc::closed, "the peer has gone");
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return fail(Errc::limit, "a message is longer than it may be");
  received.message.resize(static_cast<std::size_t>(size));
  return received;
}

}  // namespace sallyport::base
