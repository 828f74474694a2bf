#include "sallyport/vault/lockout.hpp"

#include "support/catch.hpp"

using namespace sallyport::vault;
using namespace std::chrono_literals;
using sallyport::base::from_unix_ms;
using sallyport::base::ManualClock;
using sallyport::base::Milliseconds;

TEST_CASE("five failures lock for 30 seconds, each further one doubles up to 64 minutes") {
  CHECK(lockout_length(4) == 0ms);
  CHECK(lockout_length(5) == 30s);
  CHECK(lockout_length(6) == 60s);
  CHECK(lockout_length(11) == 32min);
  CHECK(lockout_length(12) == 64min);
  CHECK(lockout_length(4'000'000'000U) == 64min);
}

TEST_CASE("a count is forgotten after a day without a failure") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  Lockout lockout;
  for (int i = 0; i < 9; ++i) lockout.fail(Moment::read(clock, "a"));
  CHECK(lockout.locked_for(Moment::read(clock, "a")) == 8min);
  clock.advance(24h);
  lockout.fail(Moment::read(clock, "a"));
  CHECK(lockout.locked_for(Moment::read(clock, "a")) == 0ms);
}

TEST_CASE("a source is locked after twenty failures and free after the time has passed") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  const auto now = [&] { return Moment::read(clock, "a"); };
  SourceLockouts sources;
  for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", now());
  CHECK(sources.locked_for("192.0.2.1", now()) == 30s);
  CHECK(sources.locked_for("192.0.2.2", now()) == 0ms);
  clock.jump_wall(1h);
  CHECK(sources.locked_for("192.0.2.1", now()) == 30s);
  clock.advance(30s);
  CHECK(sources.locked_for("192.0.2.1", now()) == 0ms);
  sources.fail("192.0.2.1", now());
  CHECK(sources.locked_for("192.0.2.1", now()) == 60s);
}

TEST_CASE("the table of sources is bounded and drops the one that failed longest ago") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  SourceLockouts sources;
  for (std::size_t i = 0; i < SourceLockouts::kMaxSources + 10; ++i) {
    clock.advance(1ms);
    for (std::uint32_t n = 0; n < kFreeSourceFailures; ++n)
      sources.fail("s" + std::to_string(i), Moment::read(clock, "a"));
  }
  CHECK(sources.size() == SourceLockouts::kMaxSources);
  CHECK(sources.locked_for("s0", Moment::read(clock, "a")) == 0ms);
  CHECK(sources.locked_for("s10", Moment::read(clock, "a")) > 0ms);
}

TEST_CASE("failures of a batch that could not be committed are taken back, kept ones stay") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  const auto now = Moment::read(clock, "a");
  SourceLockouts sources;
  for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", now);
  sources.keep();
  sources.take_back("192.0.2.1", kFreeSourceFailures);
  for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.2", now);
  CHECK(sources.locked_for("192.0.2.2", now) > 0ms);
  sources.undo();
  CHECK(sources.locked_for("192.0.2.1", now) == 30s);
  CHECK(sources.locked_for("192.0.2.2", now) == 0ms);
  CHECK(sources.size() == 1);
}

TEST_CASE("who gets in takes back his own failures of a source, and nobody else's") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  const auto now = Moment::read(clock, "a");
  SourceLockouts sources;
  for (std::uint32_t i = 1; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", now);
  sources.take_back("192.0.2.1", 0);
  sources.take_back("192.0.2.1", 2);
  for (int i = 0; i < 2; ++i) {
    sources.fail("192.0.2.1", now);
    CHECK(sources.locked_for("192.0.2.1", now) == 0ms);
  }
  sources.fail("192.0.2.1", now);
  CHECK(sources.locked_for("192.0.2.1", now) == 30s);
}
