#include "sallyport/app/vault_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sallyport::app {

using base::ByteView;
using base::Errc;
using base::fail;
using base::fail_errno;
using base::ok;
using base::Result;
using base::UniqueFd;

namespace {

constexpr unsigned kReadsAtOnce = 64;
constexpr std::size_t kMaxVectors = 16;
constexpr std::size_t kMaxKeptPushes = 1024;

iovec vector_of(ByteView bytes) {
  // sendmsg() only reads it; the C interface has no const.
  return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
}

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

Result<sockaddr_un> unix_address(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = socket.native();
  if (text.size() >= sizeof address.sun_path)
    return fail(Errc::limit, "socket path " + text + " is longer than 107 bytes");
  std::copy(text.begin(), text.end(), address.sun_path);
  return address;
}

}  // namespace

Result<> FrameQueue::push(Frame frame) {
  const std::size_t size = kFrameHeader + frame.payload.size();
  if (frame.payload.size() > kMaxFramePayload) return fail(Errc::limit, "this is longer than a frame may be");
  if (bytes_ + size > max_bytes_) return fail(Errc::limit, "the reader of this connection is too far behind");
  items_.push_back({encode_header(frame), std::move(frame.payload), 0});
  bytes_ += size;
  return ok();
}

Result<> FrameQueue::flush(int fd) {
  while (!items_.empty()) {
    std::array<iovec, kMaxVectors> vectors{};
    std::size_t count = 0;
    for (auto item = items_.begin(); item != items_.end() && count + 2 <= kMaxVectors; ++item) {
      const std::size_t in_header = std::min(item->written, kFrameHeader);
      vectors[count++] = vector_of(ByteView(item->header).subspan(in_header));
      vectors[count++] = vector_of(item->payload.view().subspan(item->written - in_header));
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && would_block(errno)) return ok();
    if (sent < 0) return fail(Errc::closed, "the reader of this connection has gone");
    advance(static_cast<std::size_t>(sent));
  }
  return ok();
}

void FrameQueue::advance(std::size_t count) {
  while (!items_.empty()) {
    Item& item = items_.front();
    const std::size_t size = kFrameHeader + item.payload.size();
    const std::size_t step = std::min(count, size - item.written);
    item.written += step;
    count -= step;
    if (item.written < size) return;
    // A long payload is not in the slab and would not be wiped by its owner.
    if (!item.payload.locked()) base::wipe(item.payload.view_mutable());
    bytes_ -= size;
    items_.pop_front();
  }
}

Result<VaultConnection> VaultConnection::connect(const std::filesystem::path& socket) {
  SALLYPORT_TRY(const auto address, unix_address(socket));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("can't make a socket", errno);
  // A Unix socket connects at once or, with a full backlog, says EAGAIN; both without waiting.
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(Errc::unavailable, "no vault answers at " + socket.native() + ": " + std::strerror(errno));
  return VaultConnection(std::move(fd));
}

Result<VaultConnection> VaultConnection::adopt(UniqueFd fd) {
  SALLYPORT_TRYV(base::set_nonblocking(fd.get()));
  return VaultConnection(std::move(fd));
}

Result<std::uint64_t> VaultConnection::request(OperationId operation, Payload payload) {
  if (payload.size() > kMaxRequest) return fail(Errc::limit, "the request is longer than the vault takes");
  const std::uint64_t id = ++last_id_;
  SALLYPORT_TRYV(out_.push({FrameType::request, id, static_cast<std::uint16_t>(operation), std::move(payload)}));
  SALLYPORT_TRYV(out_.flush(fd_.get()));
  return id;
}

Result<> VaultConnection::on_readable() {
  for (unsigned reads = 0; reads < kReadsAtOnce; ++reads) {
    const base::MutableByteView space = decoder_.space();
    const ssize_t got = ::recv(fd_.get(), space.data(), space.size(), MSG_DONTWAIT);
    if (got < 0 && would_block(errno)) return ok();
    if (got <= 0) return fail(Errc::closed, "the vault has gone");
    SALLYPORT_TRY(auto frame, decoder_.filled(static_cast<std::size_t>(got)));
    if (frame) in_.push_back(std::move(*frame));
  }
  return ok();
}

Result<> VaultConnection::on_writable() { return out_.flush(fd_.get()); }

std::optional<Frame> VaultConnection::next() {
  if (in_.empty()) return std::nullopt;
  Frame frame = std::move(in_.front());
  in_.pop_front();
  return frame;
}

Result<VaultClient> VaultClient::connect(const std::filesystem::path& socket) {
  SALLYPORT_TRY(auto connection, VaultConnection::connect(socket));
  return VaultClient(std::move(connection));
}

/// One wait and one read or write; false when the deadline passed.
Result<bool> VaultClient::pump(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return false;
  pollfd entry{connection_.fd(), POLLIN, 0};
  if (connection_.wants_write()) entry.events = POLLIN | POLLOUT;
  const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60000)));
  if (ready < 0 && errno != EINTR) return fail_errno("can't wait for the vault", errno);
  if (ready <= 0) return true;
  if ((entry.revents & POLLOUT) != 0) {
    SALLYPORT_TRYV(connection_.on_writable());
  }
  if ((entry.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    // What came before the end of the stream is still good.
    const auto read = connection_.on_readable();
    if (!read && !connection_.has_next()) return read.error();
  }
  return true;
}

Result<Payload> VaultClient::call(OperationId operation, Payload payload, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  SALLYPORT_TRY(const auto id, connection_.request(operation, std::move(payload)));
  for (;;) {
    while (auto frame = connection_.next()) {
      if (frame->type == FrameType::reply && frame->id == id) return reply_result(std::move(*frame));
      if (frame->type != FrameType::push) return fail(Errc::invalid, "the vault answered what was not asked");
      if (pushes_.size() == kMaxKeptPushes) return fail(Errc::limit, "the vault sends more than is taken");
      pushes_.push_back(std::move(*frame));
    }
    SALLYPORT_TRY(const bool in_time, pump(deadline));
    if (!in_time) return fail(Errc::timed_out, "the vault did not answer in time");
  }
}

Result<std::optional<Frame>> VaultClient::wait_push(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    while (auto frame = connection_.next()) {
      if (frame->type != FrameType::push) return fail(Errc::invalid, "the vault answered what was not asked");
      pushes_.push_back(std::move(*frame));
    }
    if (!pushes_.empty()) {
      std::optional<Frame> push(std::move(pushes_.front()));
      pushes_.pop_front();
      return push;
    }
    SALLYPORT_TRY(const bool in_time, pump(deadline));
    if (!in_time) return std::nullopt;
  }
}

}  // namespace sallyport::app
