#include "dialer.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;
using base::UniqueFd;

namespace {

constexpr std::size_t kMaxAnswer = 4096;
constexpr std::chrono::milliseconds kLeastAttempt{1000};

}  // namespace

Dialer::Dialer(std::string host, std::uint16_t port, Clock::time_point deadline)
    : host_(std::move(host)), port_(port), deadline_(deadline), step_deadline_(deadline) {
  if (auto numeric = numeric_address(host_, port_)) {
    addresses_.push_back(numeric.value());
    connect_next(Clock::now());
  } else {
    resolve();
  }
}

Dialer::~Dialer() { kill_resolver(); }

void Dialer::kill_resolver() noexcept {
  if (resolver_) ::syscall(SYS_pidfd_send_signal, resolver_.get(), SIGKILL, nullptr, 0U);
  resolver_.reset();
}

void Dialer::resolve() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return finish(State::failed, "no descriptors are left to look up " + host_);
  fd_.reset(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) run_resolver(host_, port_, write_end.get());
  if (child < 0) return finish(State::failed, "no process can be started to look up " + host_);
  resolver_.reset(static_cast<int>(::syscall(SYS_pidfd_open, child, 0U)));
  (void)base::set_nonblocking(fd_.get());
}

short Dialer::events() const noexcept { return state_ == State::resolving ? POLLIN : POLLOUT; }

void Dialer::on_event(bool ready, Clock::time_point now) {
  if (finished()) return;
  if (ready) return state_ == State::resolving ? take_addresses() : connected();
  if (now < step_deadline_) return;
  if (state_ == State::resolving) return finish(State::failed, "the name " + host_ + " could not be looked up in time");
  why_ = host_ + " did not answer in time";
  connect_next(now);
}

void Dialer::take_addresses() {
  std::array<std::uint8_t, kMaxAnswer> buffer{};
  const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0 && answer_.size() < kMaxAnswer) {
    answer_.insert(answer_.end(), buffer.begin(), buffer.begin() + got);
    return;
  }
  // It has ended by itself, or said too much.
  kill_resolver();
  base::Reader reader(answer_);
  while (reader.remaining() > 0 && addresses_.size() < kMaxAddresses) {
    const auto block = reader.block(sizeof(sockaddr_storage));
    if (!block) break;
    TcpAddress address;
    std::memcpy(&address.storage, block.value().data(), block.value().size());
    address.size = static_cast<socklen_t>(block.value().size());
    if (address.storage.ss_family == AF_INET || address.storage.ss_family == AF_INET6) addresses_.push_back(address);
  }
  why_ = "the name " + host_ + " is not known";
  connect_next(Clock::now());
}

void Dialer::connect_next(Clock::time_point now) {
  while (!addresses_.empty() && now < deadline_) {
    const TcpAddress address = addresses_.front();
    addresses_.pop_front();
    fd_.reset(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_) continue;
    const int on = 1;
    (void)::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    state_ = State::connecting;
    // One that is silent leaves time for those behind it.
    const auto share = (deadline_ - now) / static_cast<std::int64_t>(addresses_.size() + 1);
    step_deadline_ = std::min(deadline_, now + std::max<Clock::duration>(share, kLeastAttempt));
    if (::connect(fd_.get(), address.get(), address.size) == 0) return finish(State::done);
    if (errno == EINPROGRESS) return;
    why_ = host_ + ": " + std::strerror(errno);
  }
  finish(State::failed, why_.empty() ? host_ + " did not answer in time" : why_);
}

void Dialer::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return finish(State::done);
  why_ = host_ + ": " + std::strerror(error);
  connect_next(Clock::now());
}

void Dialer::finish(State state, std::string why) {
  state_ = state;
  kill_resolver();
  if (state != State::failed) return;
  fd_.reset();
  why_ = std::move(why);
}

Result<UniqueFd> Dialer::take() {
  SALLYPORT_ENSURE(finished());
  if (state_ == State::failed) return fail(Errc::unavailable, why_);
  return std::move(fd_);
}

}  // namespace sallyport::app
