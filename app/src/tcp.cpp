#include "tcp.hpp"

#include <arpa/inet.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::fail_errno;
using base::Result;
using base::UniqueFd;

namespace {

const sockaddr_in& as_v4(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in&>(storage); }
const sockaddr_in6& as_v6(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in6&>(storage); }

}  // namespace

std::string TcpAddress::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* source = &as_v4(storage).sin_addr;
  int family = AF_INET;
  if (storage.ss_family == AF_INET6) {
    const in6_addr& address = as_v6(storage).sin6_addr;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&address);
    family = mapped ? AF_INET : AF_INET6;
    source = mapped ? address.s6_addr + 12 : address.s6_addr;
  }
  if (::inet_ntop(family, source, text.data(), text.size()) == nullptr) return "?";
  return text.data();
}

std::uint16_t TcpAddress::port() const noexcept {
  return ntohs(storage.ss_family == AF_INET6 ? as_v6(storage).sin6_port : as_v4(storage).sin_port);
}

std::string TcpAddress::text() const {
  const std::string name = host();
  const bool six = name.find(':') != std::string::npos;
  return (six ? "[" + name + "]" : name) + ":" + std::to_string(port());
}

Result<TcpAddress> numeric_address(const std::string& host, std::uint16_t port) {
  TcpAddress address;
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address.size = sizeof four;
    return address;
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1)
    return fail(Errc::not_found, host + " is no numeric address");
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  address.size = sizeof six;
  return address;
}

Result<TcpAddress> parse_tcp_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fail(Errc::invalid, std::string(text) + ": an address must end with :PORT");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size())
    return fail(Errc::invalid, std::string(text) + ": the port must be a number from 0 to 65535");
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  auto address = numeric_address(std::string(host), port);
  if (!address)
    return fail(Errc::invalid, std::string(text) + ": the address must be numeric, like 0.0.0.0:2222 or [::]:2222");
  return address;
}

Result<UniqueFd> listen_tcp(const TcpAddress& address) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("can't make a socket", errno);
  const int on = 1;
  // A restarted listener takes its port back while old connections still use it.
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address.get(), address.size) != 0) return fail_errno("can't listen on " + address.text(), errno);
  if (::listen(fd.get(), 256) != 0) return fail_errno("can't listen on " + address.text(), errno);
  return fd;
}

Result<TcpAddress> local_address(int socket) {
  TcpAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0)
    return fail_errno("can't read a socket's address", errno);
  return address;
}

}  // namespace sallyport::app
