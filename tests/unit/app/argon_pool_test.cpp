// Who is hashed for when many ask: the pool's places and turns.
#include "argon_pool.hpp"

#include <poll.h>

#include "sallyport/base/fd.hpp"
#include "support/catch.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::test;
using app::ArgonPool;
using app::FairQueue;
using app::Share;
using Ids = std::vector<std::uint64_t>;

namespace {

const Share kAlice{"192.0.2.0/24", "192.0.2.7", "alice"};
const Share kBob{"192.0.2.0/24", "192.0.2.7", "bob"};
const Share kNeighbour{"192.0.2.0/24", "192.0.2.8", "carol"};
const Share kAfar{"198.51.100.0/24", "198.51.100.1", "dave"};

Ids popped(FairQueue& queue) {
  Ids out;
  while (const auto id = queue.pop()) out.push_back(*id);
  return out;
}

void nothing() {}

}  // namespace

TEST_CASE("hashing: networks, sources and names take turns") {
  FairQueue queue(100);
  for (std::uint64_t id = 1; id <= 4; ++id) CHECK_FALSE(queue.push(id, kBob));
  CHECK_FALSE(queue.push(5, kAlice));
  CHECK_FALSE(queue.push(6, kNeighbour));
  CHECK_FALSE(queue.push(7, kNeighbour));
  CHECK_FALSE(queue.push(8, kAfar));
  CHECK(popped(queue) == Ids{1, 8, 6, 5, 7, 2, 3, 4});
}

TEST_CASE("hashing: who fills the queue loses places to whoever has fewer") {
  FairQueue queue(4);
  for (std::uint64_t id = 1; id <= 4; ++id) CHECK_FALSE(queue.push(id, kBob));
  CHECK(queue.push(5, kBob) == 5U);        // nobody has fewer
  CHECK(queue.push(6, kAlice) == 4U);      // from the same address
  CHECK(queue.push(7, kNeighbour) == 3U);  // from one beside it
  CHECK(queue.push(8, kAfar) == 2U);
  CHECK(queue.push(9, kBob) == 9U);
  CHECK(queue.size() == 4);
}

TEST_CASE("hashing: names that are made up push out each other, not who came before them") {
  FairQueue queue(3);
  CHECK_FALSE(queue.push(1, kAlice));
  for (std::uint64_t id = 2; id <= 50; ++id) {
    const auto out = queue.push(id, {kAlice[0], kAlice[1], "made up " + std::to_string(id)});
    CHECK(out != 1U);
  }
  CHECK(queue.pop() == 1U);
}

TEST_CASE("hashing: without a name one has a turn of one's own, and not the last of the whole source") {
  FairQueue queue(8);
  CHECK_FALSE(queue.push(1, kBob));
  CHECK_FALSE(queue.push(2, kBob));
  CHECK_FALSE(queue.push(3, {kBob[0], kBob[1], ""}));
  CHECK_FALSE(queue.push(4, kBob));
  CHECK(popped(queue) == Ids{1, 3, 2, 4});
}

TEST_CASE("hashing: a job that lost its place is not done") {
  const auto pool = must(ArgonPool::start(0, 1));
  CHECK_FALSE(pool->submit(1, kBob, nothing));
  CHECK(pool->submit(2, kBob, nothing) == 2U);
}

TEST_CASE("hashing: what is done wakes its owner") {
  const auto pool = must(ArgonPool::start(1, 8));
  CHECK_FALSE(pool->submit(7, kBob, nothing));
  REQUIRE(must(base::wait_for(pool->wakeup_fd(), POLLIN, base::Milliseconds{60000})));
  CHECK(pool->take_finished() == Ids{7});
}
