#include "pipe.hpp"

#include <sys/socket.h>

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;

namespace {

Pipe pipe_of(bool good = true) {
  return Pipe(
      false, [good](base::Bytes&) { return good ? std::optional(Pipe::kAtOnce) : std::nullopt; },
      [] { return Pipe::kAtOnce; });
}

}  // namespace

TEST_CASE("pipe: takes nothing while it is closed, and nothing more while it has not looked at what it took") {
  const base::Bytes bytes(100, 'x');
  auto pipe = pipe_of();
  CHECK(pipe.offer(bytes) == 0);
  CHECK_FALSE(pipe.drained());
  pipe.set_open(true);
  CHECK(pipe.offer(bytes) == 100);
  CHECK(pipe.offer(bytes) == 0);
  pipe.discard();
  CHECK_FALSE(pipe.drained());  // what libssh holds is not forgotten
}

TEST_CASE("pipe: a peer that makes the library hold more than its window is told of") {
  auto pipe = pipe_of();
  CHECK(pipe.offer(base::Bytes(Pipe::kMaxHeld, 'x')) == 0);
  CHECK_FALSE(pipe.overrun());
  CHECK(pipe.offer(base::Bytes(Pipe::kMaxHeld + 1, 'x')) == 0);
  CHECK(pipe.overrun());
}

TEST_CASE("pipe: what was not seen through is not sent on, and is shown again") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::UniqueFd other(ends[1]);
  const auto leg = Leg::to_target(base::UniqueFd(ends[0]), "root");
  REQUIRE(leg);
  int shown = 0;
  const auto not_now = [&shown](base::Bytes&) {
    ++shown;
    return std::nullopt;
  };
  Pipe pipe(false, not_now, [] { return Pipe::kAtOnce; });
  pipe.set_open(true);
  REQUIRE(pipe.offer(base::Bytes(100, 'x')) == 100);
  // There is no channel at all: a byte sent to it would end this test.
  CHECK_FALSE(pipe.pump(nullptr, nullptr, *leg.value()));
  CHECK_FALSE(pipe.pump(nullptr, nullptr, *leg.value()));
  CHECK(shown == 2);
  CHECK_FALSE(pipe.drained());
}

TEST_CASE("pipe: what comes to nothing makes room at once for what is held") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::UniqueFd other(ends[1]);
  const auto leg = Leg::to_target(base::UniqueFd(ends[0]), "root");
  REQUIRE(leg);
  const auto half_a_packet = [](base::Bytes& bytes) {
    bytes.clear();
    return std::optional(Pipe::kAtOnce);
  };
  Pipe pipe(false, half_a_packet, [] { return Pipe::kAtOnce; });
  pipe.set_open(true);
  REQUIRE(pipe.offer(base::Bytes(100, 'x')) == 100);
  REQUIRE(pipe.offer(base::Bytes(200, 'y')) == 0);
  CHECK(pipe.pump(nullptr, nullptr, *leg.value()));  // once more: no event would tell of it
}

TEST_CASE("pipe: what may not go on is gone, and own bytes take its place") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::UniqueFd other(ends[1]);
  const auto leg = Leg::to_target(base::UniqueFd(ends[0]), "root");
  REQUIRE(leg);
  const auto nothing = [](base::Bytes& bytes) {
    bytes.clear();
    return std::optional(Pipe::kAtOnce);
  };
  Pipe pipe(false, nothing, [] { return Pipe::kAtOnce; });
  pipe.set_open(true);
  REQUIRE(pipe.offer(base::Bytes(100, 'x')) == 100);
  CHECK_FALSE(pipe.pump(nullptr, nullptr, *leg.value()));
  CHECK(pipe.sent());
  pipe.add(base::to_bytes("own"), Pipe::kAtOnce);
  CHECK_FALSE(pipe.sent());
}

TEST_CASE("pipe: what the file does not hold is not sent on, and more is taken meanwhile up to a bound") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::UniqueFd other(ends[1]);
  const auto leg = Leg::to_target(base::UniqueFd(ends[0]), "root");
  REQUIRE(leg);
  recorder::Extent in_file = 6;
  Pipe pipe(
      false, [](base::Bytes&) { return std::optional<recorder::Extent>(7); }, [&in_file] { return in_file; });
  pipe.set_open(true);
  const base::Bytes piece(64U << 10U, 'x');
  std::size_t taken = 0;
  while (const auto got = pipe.offer(piece)) {
    taken += got;
    // There is no channel at all: a byte sent to it would end this test.
    CHECK_FALSE(pipe.pump(nullptr, nullptr, *leg.value()));
  }
  CHECK(taken == Pipe::kAhead);
  CHECK_FALSE(pipe.sent());
  SECTION("what the file will never hold can be let go") {
    pipe.discard_unwritten();
    CHECK(pipe.sent());
  }
  SECTION("and what it holds stays") {
    in_file = 7;
    pipe.discard_unwritten();
    CHECK_FALSE(pipe.sent());
  }
}
