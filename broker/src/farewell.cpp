#include "farewell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace sallyport::broker {

Farewell::Farewell(int socket) noexcept : socket_(socket < 0 ? -1 : ::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {}

void Farewell::wait(base::Milliseconds bound) const noexcept {
  if (!socket_ || ::shutdown(socket_.get(), SHUT_WR) != 0) return;
  std::array<char, 16384> unwanted{};
  const auto until = std::chrono::steady_clock::now() + bound;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd entry{socket_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) return;
    if (::read(socket_.get(), unwanted.data(), unwanted.size()) <= 0) return;
  }
}

}  // namespace sallyport::broker
