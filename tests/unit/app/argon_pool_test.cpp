// Who is hashed for when many ask: the pool's places and turns.
#include "argon_pool.hpp"

#include <poll.h>

#include <algorithm>
#include <set>

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

Share stranger(const std::string& network, const std::string& source, const std::string& name) {
  return {std::string(app::kStrangers), network, source, name};
}
Share known(const std::string& network, const std::string& name) {
  return {std::string(app::kKnown), network, network, name};
}
const Share kAlice = stranger("192.0.2.0/24", "192.0.2.7", "alice");
const Share kBob = stranger("192.0.2.0/24", "192.0.2.7", "bob");
const Share kNeighbour = stranger("192.0.2.0/24", "192.0.2.8", "carol");
const Share kAfar = stranger("198.51.100.0/24", "198.51.100.1", "dave");

/// One of a crowd of networks.
Share one_of_many(std::uint64_t id) {
  const auto network = "network " + std::to_string(id);
  return stranger(network, network, "name " + std::to_string(id));
}

Ids popped(FairQueue& queue) {
  Ids out;
  while (const auto id = queue.pop()) out.push_back(*id);
  return out;
}

void nothing() {}

}  // namespace

TEST_CASE("hashing: networks, sources and names take turns") {
  FairQueue queue(100);
  for (std::uint64_t id = 1; id <= 4; ++id) CHECK_FALSE(queue.push(id, kBob, 0));
  CHECK_FALSE(queue.push(5, kAlice, 0));
  CHECK_FALSE(queue.push(6, kNeighbour, 0));
  CHECK_FALSE(queue.push(7, kNeighbour, 0));
  CHECK_FALSE(queue.push(8, kAfar, 0));
  CHECK(popped(queue) == Ids{1, 8, 6, 5, 7, 2, 3, 4});
}

TEST_CASE("hashing: who fills the queue loses places to whoever has fewer") {
  FairQueue queue(4);
  for (std::uint64_t id = 1; id <= 4; ++id) CHECK_FALSE(queue.push(id, kBob, 0));
  CHECK(queue.push(5, kBob, 0) == 5U);        // nobody has fewer
  CHECK(queue.push(6, kAlice, 0) == 4U);      // from the same address
  CHECK(queue.push(7, kNeighbour, 0) == 3U);  // from one beside it
  CHECK(queue.push(8, kAfar, 0) == 2U);
  CHECK(queue.push(9, kBob, 0) == 9U);
  CHECK(queue.size() == 4);
}

TEST_CASE("hashing: of names that are made up one goes, the newcomer or another") {
  FairQueue queue(3);
  CHECK_FALSE(queue.push(1, kAlice, 0));
  std::set<std::uint64_t> out;
  for (std::uint64_t id = 2; id <= 50; ++id) {
    const auto name = "made up " + std::to_string(id);
    if (const auto left_out = queue.push(id, stranger(kAlice[1], kAlice[2], name), 3)) out.insert(*left_out);
  }
  CHECK(out.size() == 47);  // one for each that came
  CHECK(out.count(50) == 1);
  CHECK(queue.pop() == 1U);
}

TEST_CASE("hashing: a crowd of networks holds no place against the next one") {
  constexpr std::uint32_t kPlaces = 64;
  for (std::uint32_t dice = 0; dice <= kPlaces; ++dice) {
    FairQueue queue(kPlaces);
    for (std::uint64_t id = 1; id <= kPlaces; ++id) CHECK_FALSE(queue.push(id, one_of_many(id), 0));
    CHECK(queue.push(kPlaces + 1, one_of_many(kPlaces + 1), dice) == dice + 1);
  }
}

TEST_CASE("hashing: of one name the newest goes, whatever the dice say") {
  FairQueue queue(4);
  for (std::uint64_t id = 1; id <= 2; ++id) CHECK_FALSE(queue.push(id, kBob, 0));
  for (std::uint64_t id = 3; id <= 4; ++id) CHECK_FALSE(queue.push(id, kAlice, 0));
  CHECK(queue.push(5, kAfar, 1) == 4U);
}

TEST_CASE("hashing: where people are known half of the places and every other turn are theirs") {
  FairQueue queue(8);
  for (std::uint64_t id = 1; id <= 8; ++id) CHECK_FALSE(queue.push(id, one_of_many(id), 0));
  CHECK(queue.pop() == 1U);
  CHECK_FALSE(queue.push(9, one_of_many(9), 0));
  for (std::uint64_t id = 101; id <= 104; ++id)
    CHECK(queue.push(id, known("home " + std::to_string(id), "alice"), 0) < 100U);
  CHECK(queue.push(105, known("home 105", "alice"), 4) == 105U);  // nor more than half
  CHECK(queue.push(10, one_of_many(10), 4) == 10U);
  const auto order = popped(queue);
  REQUIRE(order.size() == 8);
  for (std::size_t at = 1; at < order.size(); ++at) CHECK((order[at] > 100) != (order[at - 1] > 100));
}

TEST_CASE("hashing: who comes anew, again and again, does not overtake those who wait") {
  FairQueue queue(8);
  for (std::uint64_t id = 1; id <= 3; ++id) CHECK_FALSE(queue.push(id, kBob, 0));
  const bool from_known = GENERATE(true, false);
  Ids served;
  for (std::uint64_t id = 11; id <= 16; ++id) {
    queue.push(id, from_known ? known("home", "alice") : one_of_many(id), 0);
    served.push_back(*queue.pop());
  }
  CHECK(std::ranges::count_if(served, [](auto one) { return one <= 3; }) == 3);
}

TEST_CASE("hashing: without a name one has a turn of one's own, and not the last of the whole source") {
  FairQueue queue(8);
  CHECK_FALSE(queue.push(1, kBob, 0));
  CHECK_FALSE(queue.push(2, kBob, 0));
  CHECK_FALSE(queue.push(3, stranger(kBob[1], kBob[2], ""), 0));
  CHECK_FALSE(queue.push(4, kBob, 0));
  CHECK(popped(queue) == Ids{1, 3, 2, 4});
}

TEST_CASE("hashing: a job that lost its place is not done") {
  const auto pool = must(ArgonPool::start(0, 1));
  CHECK_FALSE(pool->submit(1, kBob, nothing));
  CHECK(pool->submit(2, kBob, nothing) == 2U);
}

TEST_CASE("hashing: who has gone keeps no place from others") {
  FairQueue queue(2);
  CHECK_FALSE(queue.push(1, kAlice, 0));
  CHECK_FALSE(queue.push(2, kBob, 0));
  queue.remove(1);
  queue.remove(7);
  CHECK_FALSE(queue.push(3, kAlice, 0));
  CHECK(popped(queue) == Ids{2, 3});
  const auto pool = must(ArgonPool::start(0, 1));  // nobody works: what waits stays so
  CHECK_FALSE(pool->submit(1, kAlice, nothing));
  pool->withdraw(1);
  CHECK_FALSE(pool->submit(2, kAlice, nothing));
}

TEST_CASE("hashing: what is done wakes its owner") {
  const auto pool = must(ArgonPool::start(1, 8));
  CHECK_FALSE(pool->submit(7, kBob, nothing));
  REQUIRE(must(base::wait_for(pool->wakeup_fd(), POLLIN, base::Milliseconds{60000})));
  CHECK(pool->take_finished() == Ids{7});
}
