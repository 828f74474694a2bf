#include "dial.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "sallyport/base/text.hpp"

namespace sallyport::rotation {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

/// One asynchronous look-up. What glibc may still write to lives here, on the heap.
struct Lookup {
  Lookup(std::string name, std::string service) : host(std::move(name)), port(std::move(service)) {
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    request.ar_name = host.c_str();
    request.ar_service = port.c_str();
    request.ar_request = &hints;
  }
  std::string host;
  std::string port;
  addrinfo hints{};
  gaicb request{};
};

timespec to_timespec(std::chrono::milliseconds time) {
  return {static_cast<std::time_t>(time.count() / 1000), static_cast<long>(time.count() % 1000) * 1000000L};
}

/// What is an address already needs no look-up, and no thread of the C library's for it.
Addresses written_address(Lookup& lookup) {
  addrinfo hints = lookup.hints;
  hints.ai_flags |= AI_NUMERICHOST;
  addrinfo* found = nullptr;
  return Addresses(::getaddrinfo(lookup.request.ar_name, lookup.request.ar_service, &hints, &found) == 0 ? found
                                                                                                         : nullptr);
}

Attempted<Addresses> resolve(const std::string& host, std::uint16_t port, const Deadline& deadline) {
  auto lookup = std::make_unique<Lookup>(host, std::to_string(port));
  if (auto written = written_address(*lookup)) return written;
  gaicb* list[] = {&lookup->request};
  if (getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr) != 0)
    return Attempt{Outcome::dns, "the name resolver does not start"};
  while (gai_error(&lookup->request) == EAI_INPROGRESS && !deadline.passed()) {
    const auto wait = to_timespec(deadline.left());
    const gaicb* const waiting[] = {&lookup->request};
    gai_suspend(waiting, 1, &wait);
  }
  const int error = gai_error(&lookup->request);
  if (error == 0) return Addresses(lookup->request.ar_result);
  if (error != EAI_INPROGRESS) return Attempt{Outcome::dns, base::escape_text(host) + ": " + gai_strerror(error)};
  // A look-up in flight cannot be stopped; its memory has to outlive it.
  if (gai_cancel(&lookup->request) == EAI_NOTCANCELED) static_cast<void>(lookup.release());
  return Attempt{Outcome::dns, base::escape_text(host) + ": no answer from the name servers in time"};
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
