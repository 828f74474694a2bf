#include "sallyport/vault/totp_store.hpp"

#include "sallyport/base/text.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using namespace std::chrono_literals;
using test::must;

namespace {

constexpr std::string_view kSource = "192.0.2.1";

struct World : test::DomainVault {
  SourceLockouts sources;
  base::UserId alice = base::UserId::random();
  base::SecretBytes seed;

  std::string code(int steps_off = 0) const {
    const auto step = totp_step(clock.wall()) + static_cast<std::uint64_t>(std::int64_t{steps_off});
    return std::string(hotp(seed, step).expose_text());
  }
  OtpAnswer check(std::string_view text, std::string_view source = kSource, FirstProof first = FirstProof::password) {
    return must(audited(
        [&](auto& tx) { return check_totp(tx, keys(), sources, alice, source, base::as_bytes(text), now(), first); }));
  }
  void know(std::string_view source) {
    must(sql([&](auto& tx) { return remember_source(tx, alice, source, now()); }));
  }
  OtpAnswer confirm(std::string_view text) {
    return must(audited(
        [&](auto& tx) { return confirm_totp(tx, keys(), sources, alice, kSource, base::as_bytes(text), now()); }));
  }
  void begin() {
    seed = must(audited([&](auto& tx) { return begin_totp(tx, keys(), alice, now()); }));
  }
  void enrol() {
    begin();
    REQUIRE(confirm(code()).accepted());
    clock.advance(90s);  // past the step that confirmed
  }
  bool enrolled() {
    return must(sql([&](auto& tx) { return totp_enrolled(tx, alice); }));
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i)
      CHECK(check("000000", "192.0.2." + std::to_string(100 + i)).verdict == OtpVerdict::wrong);
  }
};

}  // namespace

TEST_CASE("enrolment is pending until one code of it was accepted") {
  World world;
  world.begin();
  CHECK_FALSE(world.enrolled());
  CHECK(world.check(world.code()).verdict == OtpVerdict::not_enrolled);
  CHECK(world.confirm("000000").verdict == OtpVerdict::wrong);
  CHECK_FALSE(world.enrolled());
  CHECK(world.confirm(world.code()).accepted());
  CHECK(world.enrolled());
}

TEST_CASE("the code that confirmed an enrolment is used up") {
  World world;
  world.begin();
  const std::string code = world.code();
  REQUIRE(world.confirm(code).accepted());
  CHECK(world.check(code).verdict == OtpVerdict::repeated);
}

TEST_CASE("confirming without a pending enrolment is refused") {
  World world;
  CHECK(world.confirm("123456").verdict == OtpVerdict::not_enrolled);
}

TEST_CASE("the earlier seed stays good until the new one is confirmed, then only the new one") {
  World world;
  world.enrol();
  const auto old_seed = world.seed.clone();
  world.begin();
  const auto new_seed = world.seed.clone();
  world.seed = old_seed.clone();
  CHECK(world.check(world.code()).accepted());
  world.seed = new_seed.clone();
  REQUIRE(world.confirm(world.code()).accepted());
  world.clock.advance(90s);
  CHECK(world.check(world.code()).accepted());
  world.clock.advance(90s);
  world.seed = old_seed.clone();
  CHECK(world.check(world.code()).verdict == OtpVerdict::wrong);
}

TEST_CASE("a code is accepted once, also after the server was killed and started again") {
  World world;
  world.enrol();
  const std::string code = world.code();
  CHECK(world.check(code).accepted());
  CHECK(world.check(code).verdict == OtpVerdict::repeated);
  world.reopen();
  CHECK(world.check(code).verdict == OtpVerdict::repeated);
}

TEST_CASE("an older code is refused once a newer one was accepted") {
  World world;
  world.enrol();
  const std::string older = world.code(-1);
  CHECK(world.check(world.code(1)).accepted());
  CHECK(world.check(older).verdict == OtpVerdict::repeated);
  CHECK(world.check(world.code()).verdict == OtpVerdict::repeated);
}

TEST_CASE("of fifty tries with one code at once, from several sources, exactly one wins") {
  World world;
  world.enrol();
  const std::string code = world.code();
  int accepted = 0;
  // As the vault runs them: one batch, a savepoint for each, one commit.
  must(world.audited([&](AuditedTransaction& tx) -> base::Result<> {
    for (int i = 0; i < 50; ++i) {
      SALLYPORT_TRYV(tx.savepoint());
      SALLYPORT_TRY(const auto answer, check_totp(tx, world.keys(), world.sources, world.alice,
                                                  "192.0.2." + std::to_string(i), base::as_bytes(code), world.now()));
      accepted += answer.accepted() ? 1 : 0;
      SALLYPORT_TRYV(tx.release_savepoint());
    }
    return base::ok();
  }));
  CHECK(accepted == 1);
}

TEST_CASE("codes with white space, signs or full-width digits are not taken, trimmed or counted") {
  World world;
  world.enrol();
  const std::string good = world.code();
  std::string wide;
  for (const char c : good) wide += std::string("\xEF\xBC") + static_cast<char>(0x90 + (c - '0'));
  const std::string bad =
      GENERATE_COPY(" " + good, good + " ", good + "\n", "+" + good, good.substr(0, 3) + " " + good.substr(3), wide);
  for (int i = 0; i < 10; ++i) CHECK(world.check(bad).verdict == OtpVerdict::malformed);
  CHECK(world.check(good).accepted());
}

TEST_CASE("a code one step early or late is good, two steps off is wrong") {
  World world;
  world.enrol();
  CHECK(world.check(world.code(-2)).verdict == OtpVerdict::wrong);
  CHECK(world.check(world.code(2)).verdict == OtpVerdict::wrong);
  CHECK(world.check(world.code(-1)).accepted());
  CHECK(world.check(world.code(1)).accepted());
}

TEST_CASE("after five failures from any sources the right code is not looked at for 30 seconds, then doubling") {
  World world;
  world.enrol();
  world.fail(5);
  const OtpAnswer locked = world.check(world.code());
  CHECK(locked.verdict == OtpVerdict::locked);
  CHECK(locked.locked_for == 30s);
  world.clock.advance(30s);
  CHECK(world.check("000000", "192.0.2.200").locked_for == 60s);
  world.clock.advance(60s - 1ms);
  CHECK(world.check(world.code()).verdict == OtpVerdict::locked);
  world.clock.advance(1ms);
  CHECK(world.check(world.code()).accepted());
  world.clock.advance(90s);
  CHECK(world.check("000000", "192.0.2.201").locked_for == 0ms);
}

TEST_CASE("a locked person stays locked over a restart and a jump of the wall clock") {
  World world;
  world.enrol();
  world.fail(5);
  world.reopen();
  world.clock.jump_wall(1h);
  CHECK(world.check(world.code()).verdict == OtpVerdict::locked);
}

TEST_CASE("twenty failures of different people lock their source for strangers") {
  World world;
  world.enrol();
  const base::UserId alice = world.alice;
  for (std::uint32_t i = 0; i < kFreeSourceFailures; ++i) {
    world.alice = base::UserId::random();
    CHECK(world.check("000000").verdict == OtpVerdict::not_enrolled);
  }
  world.alice = alice;
  CHECK(world.check(world.code()).verdict == OtpVerdict::locked);
  CHECK(world.check(world.code(), "192.0.2.77").accepted());
}

TEST_CASE("a right code takes back what its owner failed from there, not what others did elsewhere") {
  World world;
  world.enrol();
  for (std::uint32_t i = 1; i < kFreeSourceFailures; ++i) world.sources.fail(kSource, {}, world.now());
  world.fail(4);
  CHECK(world.check(world.code()).accepted());
  world.sources.fail(kSource, {}, world.now());
  CHECK(world.sources.locked_for(kSource, world.now()) == 30s);
}

TEST_CASE("failures are kept when a code is repeated, and a reset of the seed does not clear them") {
  World world;
  world.enrol();
  world.fail(5);
  must(world.sql([&](auto& tx) { return remove_totp(tx, world.alice); }));
  CHECK_FALSE(world.enrolled());
  world.begin();
  CHECK(world.confirm(world.code()).verdict == OtpVerdict::locked);
}

TEST_CASE("a seed moved to another person's row does not open") {
  World world;
  world.enrol();
  const base::UserId mallory = base::UserId::random();
  must(world.sql([&](Transaction& tx) { return tx.execute("UPDATE totp SET user_id = $1", mallory); }));
  world.alice = mallory;
  auto tx = must(world.vault->begin());
  const std::string code = world.code();
  const auto answer = check_totp(tx, world.keys(), world.sources, mallory, kSource, base::as_bytes(code), world.now());
  CHECK(test::code_of(answer) == base::Errc::corrupt);
}

TEST_CASE("strangers who guess codes do not keep the owner out where he signed in before") {
  World world;
  world.enrol();
  world.know(kSource);
  world.fail(5);
  CHECK(world.check(world.code(), "192.0.2.99").verdict == OtpVerdict::locked);
  CHECK(world.check(world.code()).accepted());
  CHECK(world.check(world.code(1), "192.0.2.99").verdict == OtpVerdict::locked);  // nor does he clear their count
}

TEST_CASE("a proven key is not kept out by wrong codes of whoever has none") {
  World world;
  world.enrol();
  world.fail(5);
  CHECK(world.check(world.code(), "192.0.2.99", FirstProof::key).accepted());
  for (int i = 0; i < 5; ++i) CHECK(world.check("000000", "192.0.2.98", FirstProof::key).verdict == OtpVerdict::wrong);
  CHECK(world.check(world.code(1), "192.0.2.97", FirstProof::key).verdict == OtpVerdict::locked);
}

TEST_CASE("a known source has a count of its own, over a restart too") {
  World world;
  world.enrol();
  world.know(kSource);
  for (int i = 0; i < 5; ++i) CHECK(world.check("000000").verdict == OtpVerdict::wrong);
  world.reopen();
  CHECK(world.check(world.code()).verdict == OtpVerdict::locked);
  CHECK(world.check(world.code(), "192.0.2.99").accepted());
}

TEST_CASE("of known sources the newest sixteen are kept, and a month long") {
  World world;
  world.enrol();
  for (int i = 0; i < 20; ++i) {
    world.know("198.51.100." + std::to_string(i));
    world.clock.advance(1s);
  }
  const auto known = [&](const std::string& source) {
    const Try one{world.alice, Guessed::password, source};
    return must(world.sql([&](auto& tx) { return find_lane(tx, one, world.now()); })).known;
  };
  const auto by_anybody = [&](std::string_view source) {
    return must(world.sql([&](auto& tx) { return is_known_source(tx, source, world.now()); }));
  };
  CHECK_FALSE(known("198.51.100.3"));
  CHECK(known("198.51.100.4"));
  CHECK(known("198.51.100.19"));
  CHECK(by_anybody("198.51.100.19"));
  world.alice = base::UserId::random();
  CHECK_FALSE(known("198.51.100.19"));
  CHECK(by_anybody("198.51.100.19"));
  world.clock.advance(24h * 31);
  CHECK_FALSE(known("198.51.100.19"));
  CHECK_FALSE(by_anybody("198.51.100.19"));
}

TEST_CASE("a clock that was an hour ahead does not lock true codes out afterwards, nor take a code twice") {
  World world;
  world.enrol();
  world.clock.jump_wall(1h);
  const std::string from_ahead = world.code();
  REQUIRE(world.check(from_ahead).accepted());
  world.clock.jump_wall(-1h);
  const auto answer = world.check(world.code());
  CHECK(answer.accepted());
  CHECK(answer.ahead > 55min);
  CHECK(world.check(world.code()).verdict == OtpVerdict::repeated);
  CHECK(world.check(world.code(-1)).verdict == OtpVerdict::repeated);
  world.clock.advance(1h);
  CHECK(world.check(from_ahead).verdict == OtpVerdict::repeated);
  world.clock.advance(60s);
  CHECK(world.check(world.code()).accepted());
}

TEST_CASE("a clock that is put back takes no code twice") {
  World world;
  world.enrol();
  std::vector<std::string> used;
  for (int i = 0; i < 20; ++i) {
    used.push_back(world.code());
    REQUIRE(world.check(used.back()).accepted());
    world.clock.advance(30s);
  }
  world.clock.jump_wall(-10min);
  for (const auto& code : used) {
    CHECK(world.check(code, "192.0.2.200", FirstProof::key).verdict != OtpVerdict::accepted);
    world.clock.advance(30s);
  }
}

TEST_CASE("what a store of before had counted and used up goes on counting") {
  World world;
  world.vault.reset();
  test::TempDir dir;
  const auto series = domain_schema();
  must(Vault::create(dir / "data", {.development = true}, world.clock));
  const auto open = [&](std::size_t migrations) {
    const auto root = must(unlock_with_development_key(dir / "data"));
    const std::array<MigrationSeries, 1> some{{{series.module, series.list.first(migrations)}}};
    return must(Vault::open(dir / "data", root, some, world.clock));
  };
  const auto now = world.now();
  {
    const auto before = open(3);
    auto tx = must(before->begin());
    world.seed = base::SecretBytes::random(kTotpSeedSize);
    const auto envelope = before->keys().seal_secret({"totp", "default", world.alice.text(), 1}, world.seed);
    must(
        tx.sql().execute("INSERT INTO totp (user_id, pending, enrolment, last_step, kek_version, wrapped_dek, sealed, "
                         "created_ms) VALUES ($1, 0, 1, $2, $3, $4, $5, 0)",
                         world.alice, static_cast<std::int64_t>(totp_step(now.wall)), envelope.kek_version,
                         envelope.wrapped_dek, envelope.sealed));
    must(
        tx.sql().execute("INSERT INTO totp_failures (user_id, failures, lease_wall_ms, lease_mono_ms, lease_boot, "
                         "lease_ms) VALUES ($1, 5, $2, $3, $4, 30000)",
                         world.alice, base::to_unix_ms(now.wall), now.mono.time_since_epoch().count(), now.boot));
    must(tx.commit());
  }
  world.vault = open(series.list.size());
  CHECK(world.check(world.code(1)).verdict == OtpVerdict::locked);
  world.clock.advance(30s);
  CHECK(world.check(world.code(-1)).verdict == OtpVerdict::repeated);  // the one that was used
  CHECK(world.check(world.code(1), "192.0.2.5", FirstProof::key).accepted());
  world.vault.reset();
}
