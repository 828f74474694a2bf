#include "farewell.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kFarMore = 1U << 20U;  ///< than lies between two sockets with small buffers

void keep_little(int socket) {
  const int bytes = 4096;
  for (const int buffer : {SO_SNDBUF, SO_RCVBUF})
    REQUIRE(::setsockopt(socket, SOL_SOCKET, buffer, &bytes, sizeof bytes) == 0);
}

/// A TCP connection on the loopback: what a reset does is a matter of TCP.
struct Connection {
  base::UniqueFd ours;
  base::UniqueFd peer;
  Connection() {
    const base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    keep_little(listener.get());  // a connection has it from its listener
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE((::bind(listener.get(), generic, size) == 0 && ::listen(listener.get(), 1) == 0));
    REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
    peer.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    keep_little(peer.get());
    const timeval patience{10, 0};  // nobody reads: an error, and no test without an end
    REQUIRE(::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
    REQUIRE(::connect(peer.get(), generic, size) == 0);
    ours.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(ours);
  }
  bool peer_sends(std::string_view text) const {
    return ::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  std::string peer_reads() const {
    std::string all;
    std::array<char, 100> buffer{};
    for (ssize_t got = 0; (got = ::read(peer.get(), buffer.data(), buffer.size())) > 0;)
      all.append(buffer.data(), static_cast<std::size_t>(got));
    return all;
  }
};

}  // namespace

TEST_CASE("a peer that was sending may go on, and reads the last words") {
  Connection line;
  REQUIRE(line.peer_sends("not read any more"));
  const Farewell farewell(line.ours.get());
  REQUIRE(::send(line.ours.get(), "why", 3, MSG_NOSIGNAL) == 3);
  line.ours.reset();
  const auto start = std::chrono::steady_clock::now();
  std::thread waiting([&] { farewell.wait(milliseconds{20000}); });
  // Comes back once all but a little of it was read.
  CHECK(line.peer_sends(std::string(kFarMore, 'x')));
  CHECK(line.peer_reads() == "why");
  line.peer.reset();
  waiting.join();
  CHECK(std::chrono::steady_clock::now() - start < milliseconds{10000});
}

TEST_CASE("a peer that never closes is waited for within the bound") {
  const Connection line;
  const Farewell farewell(line.ours.get());
  const auto start = std::chrono::steady_clock::now();
  farewell.wait(milliseconds{100});
  CHECK(std::chrono::steady_clock::now() - start < milliseconds{5000});
}
