#include "sallyport/vault/lockout.hpp"

#include "support/catch.hpp"

using namespace sallyport::vault;
using namespace std::chrono_literals;
using sallyport::base::from_unix_ms;
using sallyport::base::ManualClock;
using sallyport::base::Milliseconds;
using sallyport::base::UserId;

namespace {
const std::optional<UserId> kNobody;
}

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
  for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", kNobody, now());
  CHECK(sources.locked_for("192.0.2.1", now()) == 30s);
  CHECK(sources.locked_for("192.0.2.2", now()) == 0ms);
  clock.jump_wall(1h);
  CHECK(sources.locked_for("192.0.2.1", now()) == 30s);
  clock.advance(30s);
  CHECK(sources.locked_for("192.0.2.1", now()) == 0ms);
  sources.fail("192.0.2.1", kNobody, now());
  CHECK(sources.locked_for("192.0.2.1", now()) == 60s);
}

TEST_CASE("the table of sources is bounded and drops the one that failed longest ago") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  SourceLockouts sources;
  for (std::size_t i = 0; i < SourceLockouts::kMaxSources + 10; ++i) {
    clock.advance(1ms);
    for (std::uint32_t n = 0; n < kFreeSourceFailures; ++n)
      sources.fail("s" + std::to_string(i), kNobody, Moment::read(clock, "a"));
  }
  CHECK(sources.size() == SourceLockouts::kMaxSources);
  CHECK(sources.locked_for("s0", Moment::read(clock, "a")) == 0ms);
  CHECK(sources.locked_for("s10", Moment::read(clock, "a")) > 0ms);
}

TEST_CASE("failures of a batch that could not be committed are taken back, kept ones stay") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  const auto now = Moment::read(clock, "a");
  SourceLockouts sources;
  const auto alice = UserId::random();
  for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", alice, now);
  sources.keep();
  sources.take_back("192.0.2.1", alice);
  for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.2", kNobody, now);
  CHECK(sources.locked_for("192.0.2.2", now) > 0ms);
  sources.undo();
  CHECK(sources.locked_for("192.0.2.1", now) == 30s);
  CHECK(sources.locked_for("192.0.2.2", now) == 0ms);
  CHECK(sources.size() == 1);
}

TEST_CASE("who gets in takes back the guesses at him from his source, and nobody else's") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  const auto now = Moment::read(clock, "a");
  const auto alice = UserId::random();
  const auto bob = UserId::random();
  SourceLockouts sources;
  for (std::uint32_t i = 3; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", kNobody, now);
  sources.fail("192.0.2.1", alice, now);
  sources.fail("192.0.2.1", bob, now);
  sources.take_back("192.0.2.1", UserId::random());
  sources.take_back("192.0.2.1", alice);
  sources.take_back("192.0.2.1", alice);
  sources.fail("192.0.2.1", kNobody, now);
  CHECK(sources.locked_for("192.0.2.1", now) == 0ms);
  sources.fail("192.0.2.1", kNobody, now);
  CHECK(sources.locked_for("192.0.2.1", now) == 30s);
}

TEST_CASE("failures beyond the most that a source counts, or of the day before, are not taken back") {
  ManualClock clock(from_unix_ms(1'790'000'000'000));
  const auto now = [&] { return Moment::read(clock, "a"); };
  const auto alice = UserId::random();
  SourceLockouts sources;
  SECTION("beyond the most") {
    for (std::uint32_t i = 0; i < 2 * kFreeSourceFailures; ++i) sources.fail("192.0.2.1", kNobody, now());
    for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", alice, now());
    sources.take_back("192.0.2.1", alice);
    clock.advance(64min);
    sources.fail("192.0.2.1", kNobody, now());
    CHECK(sources.locked_for("192.0.2.1", now()) == 64min);
  }
  SECTION("of the day before") {
    for (std::uint32_t i = 1; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", alice, now());
    clock.advance(24h);
    for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) sources.fail("192.0.2.1", kNobody, now());
    sources.take_back("192.0.2.1", alice);
    clock.advance(30s);
    sources.fail("192.0.2.1", kNobody, now());
    CHECK(sources.locked_for("192.0.2.1", now()) == 60s);
  }
}
