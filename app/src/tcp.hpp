#pragma once
// TCP addresses and sockets as the listeners and the dialer need them. Numeric only: names are the resolver's.
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "sallyport/base/fd.hpp"

namespace sallyport::app {

/// An IPv4 or IPv6 address with its port.
struct TcpAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  /// "192.0.2.7", "2001:db8::1" (an IPv4-mapped one as IPv4)
  std::string host() const;
  std::uint16_t port() const noexcept;
  /// "192.0.2.7:22", "[2001:db8::1]:22"
  std::string text() const;
};

/// "0.0.0.0:2222", "[::]:2222". Errc::invalid for anything that is not numeric.
base::Result<TcpAddress> parse_tcp_address(std::string_view text);
/// A bare numeric address and a port; Errc::not_found when it is a name.
base::Result<TcpAddress> numeric_address(const std::string& host, std::uint16_t port);
/// Listening, non-blocking, close-on-exec.
base::Result<base::UniqueFd> listen_tcp(const TcpAddress& address);
base::Result<TcpAddress> local_address(int socket);

}  // namespace sallyport::app
