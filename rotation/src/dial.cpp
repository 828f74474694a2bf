#include "dial.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "sallyport/base/text.hpp"

namespace sallyport::rotation {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

constexpr addrinfo kHints{.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};

/// One look-up on a thread of its own, which nothing can stop: what it writes to lives as long as either side needs it.
class Lookup {
 public:
  Lookup(std::string host, std::string port) : host_(std::move(host)), port_(std::move(port)) {}

  void run() {
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(host_.c_str(), port_.c_str(), &kHints, &list);
    const std::scoped_lock lock(mutex_);
    found_.reset(error == 0 ? list : nullptr);
    error_ = error;
    news_.notify_all();
  }

  /// What was found, or getaddrinfo's error; EAI_INPROGRESS when the time is over first.
  std::pair<Addresses, int> wait(const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, deadline.left(), [&] { return error_ != EAI_INPROGRESS; });
    return {std::move(found_), error_};
  }

 private:
  const std::string host_;
  const std::string port_;
  std::mutex mutex_;
  std::condition_variable news_;
  Addresses found_;
  int error_ = EAI_INPROGRESS;
};

/// What is an address already needs no look-up, and no thread for it.
Addresses written_address(const std::string& host, const std::string& port) {
  addrinfo hints = kHints;
  hints.ai_flags |= AI_NUMERICHOST;
  addrinfo* found = nullptr;
  return Addresses(::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) == 0 ? found : nullptr);
}

Attempted<Addresses> resolve(const std::string& host, std::uint16_t number, const Deadline& deadline) {
  const auto port = std::to_string(number);
  if (auto written = written_address(host, port)) return written;
  const auto lookup = std::make_shared<Lookup>(host, port);
  try {
    std::thread([lookup] { lookup->run(); }).detach();
  } catch (const std::system_error&) {
    return Attempt{Outcome::dns, "the name resolver does not start"};
  }
  auto [found, error] = lookup->wait(deadline);
  if (error == 0) return std::move(found);
  if (error == EAI_INPROGRESS)
    return Attempt{Outcome::dns, base::escape_text(host) + ": no answer from the name servers in time"};
  return Attempt{Outcome::dns, base::escape_text(host) + ": " + gai_strerror(error)};
}

Attempted<base::UniqueFd> connect_to(const addrinfo& address, const Deadline& deadline) {
  base::UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Attempt{Outcome::unreachable, "no socket: " + std::string(std::generic_category().message(errno))};
  int error = ::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    const auto ready = base::wait_for(fd.get(), POLLOUT, deadline.left());
    if (!ready || !ready.value()) return Attempt{Outcome::timed_out, "the target does not answer"};
    socklen_t size = sizeof(error);
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  }
  if (error != 0) return Attempt{Outcome::unreachable, std::generic_category().message(error)};
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

}  // namespace

std::chrono::milliseconds Deadline::left() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

Attempted<base::UniqueFd> dial(const std::string& host, std::uint16_t port, const Deadline& deadline) {
  SALLYPORT_TRY(const auto addresses, resolve(host, port, deadline));
  Attempt last{Outcome::dns, "the name has no address"};
  for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
    auto fd = connect_to(*address, deadline);
    if (fd) return fd;
    last = fd.error();
  }
  return last;
}

}  // namespace sallyport::rotation
