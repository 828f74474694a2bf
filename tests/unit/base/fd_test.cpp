#include "sallyport/base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "support/catch.hpp"

using namespace sallyport::base;

TEST_CASE("descriptors travel with a message", "[fd]") {
  auto pair = socket_pair(true);
  REQUIRE(pair);
  auto& [left, right] = pair.value();
  UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  REQUIRE(send_with_fds(left.get(), as_bytes("two of them"), {null.get(), null.get()}));
  auto received = receive_with_fds(right.get(), 64);
  REQUIRE(received);
  CHECK(as_text(received.value().message) == "two of them");
  REQUIRE(received.value().fds.size() == 2);
  CHECK(write_all(received.value().fds[0].get(), as_bytes("x")));
}

TEST_CASE("a message over the bound is refused, an end of stream is said", "[fd]") {
  auto pair = socket_pair(true);
  REQUIRE(pair);
  auto& [left, right] = pair.value();
  REQUIRE(send_with_fds(left.get(), as_bytes("0123456789"), {}));
  CHECK(receive_with_fds(right.get(), 5).error().code() == Errc::limit);
  left.reset();
  CHECK(receive_with_fds(right.get(), 5).error().code() == Errc::closed);
}

TEST_CASE("waiting ends at the deadline", "[fd]") {
  auto pair = socket_pair();
  REQUIRE(pair);
  const auto ready = wait_for(pair.value().first.get(), 1, std::chrono::milliseconds(20));
  REQUIRE(ready);
  CHECK_FALSE(ready.value());
}

TEST_CASE("the kernel says who the peer is", "[fd]") {
  auto pair = socket_pair();
  REQUIRE(pair);
  CHECK(peer_credentials(pair.value().first.get()).value().pid == ::getpid());
}
