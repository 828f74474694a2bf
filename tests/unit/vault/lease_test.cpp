#include "sallyport/vault/lease.hpp"

#include "support/catch.hpp"

using namespace sallyport::vault;
using namespace std::chrono_literals;
using sallyport::base::from_unix_ms;
using sallyport::base::ManualClock;
using sallyport::base::Milliseconds;

namespace {

struct World {
  ManualClock clock{from_unix_ms(1'790'000'000'000)};
  std::string boot = "a";
  Moment now() const { return Moment::read(clock, boot); }
};

}  // namespace

TEST_CASE("a lease ends exactly after its length by the boot clock") {
  World world;
  const Lease lease{world.now(), 10min};
  CHECK(lease.remaining(world.now()) == 10min);
  world.clock.advance(10min - 1ms);
  CHECK(lease.remaining(world.now()) == 1ms);
  world.clock.advance(1ms);
  CHECK(lease.ended(world.now()));
}

TEST_CASE("a jump of the wall clock within a boot neither ends nor extends a lease") {
  World world;
  const Lease lease{world.now(), 10min};
  world.clock.jump_wall(GENERATE(Milliseconds(-24h), Milliseconds(24h)));
  CHECK(lease.remaining(world.now()) == 10min);
  world.clock.advance(10min);
  CHECK(lease.ended(world.now()));
}

TEST_CASE("in another boot the wall clock decides") {
  World world;
  const Lease lease{world.now(), 10min};
  world.boot = "b";
  world.clock.advance(4min);
  CHECK(lease.remaining(world.now()) == 6min);
  world.clock.advance(6min);
  CHECK(lease.ended(world.now()));
}

TEST_CASE("a wall clock before the start is not believed in another boot") {
  World world;
  const Lease lease{world.now(), 10min};
  world.boot = "b";
  world.clock.jump_wall(-1ms);
  CHECK(lease.ended(world.now()));
}

TEST_CASE("a rebased lease keeps what was left and then follows the boot clock") {
  World world;
  const Lease lease{world.now(), 10min};
  world.boot = "b";
  world.clock.advance(4min);
  const Lease rebased = lease.rebase(world.now());
  world.clock.jump_wall(-1h);
  CHECK(rebased.remaining(world.now()) == 6min);
  world.clock.advance(6min);
  CHECK(rebased.ended(world.now()));
}

TEST_CASE("a boot clock before the start ends a lease") {
  World world;
  const Lease lease{{world.now().wall, world.now().mono + 1ms, "a"}, 10min};
  CHECK(lease.ended(world.now()));
}
