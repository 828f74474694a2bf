// Who is hashed for when many ask: the pool's places and turns.
#include "argon_pool.hpp"

#include <poll.h>

#include <latch>

#include "sallyport/base/fd.hpp"
#include "support/catch.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::test;
using app::ArgonPool;

namespace {

const std::string kCrowd = "192.0.2.0/24";
const std::string kOther = "198.51.100.0/24";

void nothing() {}

/// The ids of `count` jobs, in the order in which one worker did them.
std::vector<std::uint64_t> finished(ArgonPool& pool, std::size_t count) {
  std::vector<std::uint64_t> out;
  while (out.size() < count) {
    REQUIRE(must(base::wait_for(pool.wakeup_fd(), POLLIN, base::Milliseconds{60000})));
    for (const auto id : pool.take_finished()) out.push_back(id);
  }
  return out;
}

}  // namespace

TEST_CASE("hashing: a network that fills the queue makes room for another out of its own") {
  const auto pool = must(ArgonPool::start(0, 3));
  for (std::uint64_t id = 1; id <= 3; ++id) CHECK_FALSE(must(pool->submit(id, kCrowd, nothing)));
  CHECK(code_of(pool->submit(4, kCrowd, nothing)) == base::Errc::limit);
  CHECK(must(pool->submit(5, kOther, nothing)) == 3U);
  CHECK(code_of(pool->submit(6, kCrowd, nothing)) == base::Errc::limit);
}

TEST_CASE("hashing: networks take turns") {
  const auto pool = must(ArgonPool::start(1, 8));
  std::latch started(1), go_on(1);
  must(pool->submit(1, kCrowd, [&] {
    started.count_down();
    go_on.wait();
  }));
  started.wait();
  for (std::uint64_t id = 2; id <= 4; ++id) must(pool->submit(id, kCrowd, nothing));
  must(pool->submit(5, kOther, nothing));
  go_on.count_down();
  CHECK(finished(*pool, 5) == std::vector<std::uint64_t>{1, 5, 2, 3, 4});
}
