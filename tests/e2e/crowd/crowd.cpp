// crowd PORT COUNT SOURCES: keeps COUNT silent TCP connections to 127.0.0.1:PORT open, from SOURCES addresses of the
// loopback network, each in a /24 of its own; one that is closed is opened again. Writes "full" once as many as were
// ever let in stand; goes when its stdin closes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "sallyport/base/fd.hpp"

namespace {

using sallyport::base::UniqueFd;

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(host);
  out.sin_port = htons(port);
  return out;
}

/// 127.64.0.1, 127.64.1.1 ...
std::uint32_t source(unsigned number) { return 0x7F400001U + (number << 8U); }

UniqueFd knock(std::uint16_t port, unsigned from) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto own = address(source(from), 0);
  const auto there = address(INADDR_LOOPBACK, port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) return {};
  (void)::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there);
  return fd;
}

/// What a server says is read and thrown away; false when it closed.
bool still_open(int fd) {
  char bytes[4096];
  for (;;) {
    const auto got = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
  const auto sources = static_cast<unsigned>(std::atoi(argv[3]));
  std::vector<UniqueFd> crowd(count);
  unsigned next = 0, rounds = 0;
  for (;;) {
    std::vector<pollfd> entries{{STDIN_FILENO, POLLIN, 0}};
    for (auto& one : crowd) {
      if (!one) one = knock(port, next++ % sources);
      entries.push_back({one.get(), POLLIN, 0});
    }
    if (++rounds == 3) {
      std::puts("full");
      std::fflush(stdout);
    }
    if (::poll(entries.data(), entries.size(), 50) < 0 || entries[0].revents != 0) return 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (entries[i + 1].revents != 0 && !still_open(crowd[i].get())) crowd[i].reset();
    }
  }
}
