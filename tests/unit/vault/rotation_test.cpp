#include "sallyport/vault/rotation.hpp"

#include "sallyport/vault/checkout.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using namespace std::chrono_literals;
using base::Errc;
using test::code_of;
using test::must;

namespace {

struct World : test::DomainVault {
  Account account = (add_target(), add_account());

  World() {
    must(audited([&](auto& tx) { return set_secret(tx, keys(), account.id, test::secret("old"), now()); }));
  }
  base::Result<Rotation> begin(RotationCause cause = RotationCause::demand) {
    return audited([&](auto& tx) { return begin_rotation(tx, keys(), account.id, cause, nullptr, {}, now()); });
  }
  base::Result<Rotation> record(const Rotation& rotation, std::string_view state) {
    return sql([&](auto& tx) { return record_rotation(tx, rotation.id, {state, "line", "ok", "detail"}, now()); });
  }
  Rotation pause(const Rotation& rotation, RotationWait wait) {
    return must(sql([&](auto& tx) { return pause_rotation(tx, rotation.id, wait, "unreachable", "no route", now()); }));
  }
  std::string read(SecretState state = SecretState::current) {
    return std::string(
        must(audited([&](auto& tx) { return read_secret(tx, keys(), account.id, state); })).expose_text());
  }
  bool has_pending() {
    for (const auto& one : must(sql([&](auto& tx) { return list_secret_versions(tx, account.id); }))) {
      if (one.state == SecretState::pending) return true;
    }
    return false;
  }
  bool rotating() {
    return must(sql([&](auto& tx) { return is_rotating(tx, account.id); }));
  }
  void request(RotationCause cause) {
    must(sql([&](auto& tx) { return request_rotation(tx, account.id, cause, now()); }));
  }
  std::vector<DueRotation> due() {
    return must(sql([&](auto& tx) { return due_rotations(tx, now()); }));
  }
  void set_interval(base::Seconds interval) {
    AccountChange change;
    change.policy = account.policy;
    change.policy->rotation_interval = interval;
    must(sql([&](auto& tx) { return change_account(tx, account.name, change); }));
  }
  void fail_once() {
    const Rotation rotation = must(begin(RotationCause::schedule));
    must(record(rotation, "kept"));
  }
};

}  // namespace

TEST_CASE("a rotation makes a pending secret and leaves the current one until it is recorded as proven") {
  World world;
  const Rotation rotation = must(world.begin());
  CHECK(rotation.state == "pending");
  CHECK(rotation.version == 2);
  CHECK(world.read(SecretState::pending).size() == 32);
  for (const auto* state : {"applying", "applied"}) {
    must(world.record(rotation, state));
    CHECK(world.read() == "old");
  }
  const std::string pending = world.read(SecretState::pending);
  must(world.record(rotation, "current"));
  CHECK(world.read() == pending);
  CHECK_FALSE(world.has_pending());
}

TEST_CASE("a rotation that is promoted and then current promotes once") {
  World world;
  const Rotation rotation = must(world.begin());
  const std::string pending = world.read(SecretState::pending);
  must(world.record(rotation, "promoted"));
  CHECK(world.read() == pending);
  must(world.record(rotation, "promoted"));
  const Rotation ended = must(world.record(rotation, "current"));
  CHECK(ended.finished.has_value());
  CHECK(ended.journal == "line");
  must(world.record(rotation, "current"));
  CHECK(world.read() == pending);
}

TEST_CASE("a rotation that is kept leaves the old secret current and the new one in the history") {
  World world;
  const Rotation rotation = must(world.begin());
  must(world.record(rotation, "kept"));
  CHECK(world.read() == "old");
  CHECK_FALSE(world.has_pending());
  CHECK(code_of(world.record(rotation, "current")) == Errc::conflict);
}

TEST_CASE("a rotation that was promoted cannot be kept") {
  World world;
  const Rotation rotation = must(world.begin());
  must(world.record(rotation, "promoted"));
  CHECK(code_of(world.record(rotation, "kept")) == Errc::conflict);
}

TEST_CASE("out of sync keeps both secrets, and the next rotation uses the same pending one") {
  World world;
  const Rotation first = must(world.begin());
  const std::string pending = world.read(SecretState::pending);
  must(world.record(first, "applying"));
  must(world.record(first, "out_of_sync"));
  CHECK(world.read() == "old");
  CHECK(world.read(SecretState::pending) == pending);
  const Rotation second = must(world.begin());
  CHECK(second.version == first.version);
  CHECK(world.read(SecretState::pending) == pending);
}

TEST_CASE("an account has one open rotation, by check and by the store's own rule") {
  World world;
  must(world.begin());
  CHECK(code_of(world.begin()) == Errc::conflict);
  const auto again = world.sql([](Transaction& tx) {
    return tx.execute(
        "INSERT INTO rotation (id, account_id, cause, state, journal, outcome, detail, version, wait, pauses, "
        "retry_ms, "
        "started_ms, updated_ms) SELECT 'aaaaaaaaaaaaaaaa', account_id, cause, state, journal, outcome, detail, "
        "version, "
        "wait, pauses, retry_ms, started_ms, updated_ms FROM rotation");
  });
  CHECK(code_of(again) == Errc::exists);
}

TEST_CASE("a state that is no word of the journal is refused") {
  World world;
  const Rotation rotation = must(world.begin());
  for (const auto* bad : {"", "done", "CURRENT", "current ", "current\n"})
    CHECK(code_of(world.record(rotation, bad)) == Errc::invalid);
}

TEST_CASE("a key account needs the new key given") {
  World world;
  NewAccount wanted;
  wanted.name = {"deploy", "web1"};
  wanted.kind = AccountKind::ssh_key;
  const Account account = must(world.sql([&](auto& tx) { return add_account(tx, wanted, world.now()); }));
  const auto begin = [&](const base::SecretBytes* key) {
    return world.audited([&](auto& tx) {
      return begin_rotation(tx, world.keys(), account.id, RotationCause::demand, key, {}, world.now());
    });
  };
  CHECK(code_of(begin(nullptr)) == Errc::invalid);
  const auto key = test::secret("-----BEGIN OPENSSH PRIVATE KEY-----");
  must(begin(&key));
  CHECK(must(world.audited([&](auto& tx) {
          return read_secret(tx, world.keys(), account.id, SecretState::pending);
        })).expose_text() == key.expose_text());
}

TEST_CASE("an unfinished rotation is there after a kill, with the same pending secret, and is due") {
  World world;
  const Rotation rotation = must(world.begin());
  must(world.record(rotation, "applying"));
  const std::string pending = world.read(SecretState::pending);
  world.reopen();
  const auto open = must(world.sql([](auto& tx) { return unfinished_rotations(tx); }));
  REQUIRE(open.size() == 1);
  CHECK(open[0].state == "applying");
  CHECK(world.read(SecretState::pending) == pending);
  REQUIRE(world.due().size() == 1);
  CHECK(world.due()[0].open == rotation.id);
}

TEST_CASE("a queued account is due once, the weightier cause stays, beginning takes it off the queue") {
  World world;
  world.request(RotationCause::schedule);
  world.request(RotationCause::demand);
  world.request(RotationCause::checkin);
  REQUIRE(world.due().size() == 1);
  CHECK(world.due()[0].cause == RotationCause::demand);
  CHECK_FALSE(world.due()[0].open.has_value());
  const Rotation rotation = must(world.begin());
  must(world.record(rotation, "current"));
  CHECK(world.due().empty());
}

TEST_CASE("a scheduled account is due when its interval has passed since its secret was made") {
  World world;
  world.set_interval(1h);
  CHECK(world.due().empty());
  world.clock.advance(1h);
  REQUIRE(world.due().size() == 1);
  CHECK(world.due()[0].cause == RotationCause::schedule);
  must(world.record(must(world.begin(RotationCause::schedule)), "current"));
  CHECK(world.due().empty());
}

TEST_CASE("a schedule waits for the end of a checkout, a demand does not") {
  World world;
  world.set_interval(1h);
  const NewCheckout wanted{world.account.id, base::UserId::random(), "192.0.2.1", "work", 2h, true};
  must(world.sql([&](auto& tx) { return create_checkout(tx, wanted, world.now()); }));
  world.clock.advance(1h);
  CHECK(world.due().empty());
  world.request(RotationCause::demand);
  CHECK(world.due().size() == 1);
}

TEST_CASE("after failures a schedule pauses for 5 minutes, then twice as long") {
  World world;
  world.set_interval(1h);
  world.clock.advance(1h);
  world.fail_once();
  CHECK(world.due().empty());
  world.clock.advance(5min - 1ms);
  CHECK(world.due().empty());
  world.clock.advance(1ms);
  CHECK(world.due().size() == 1);
  world.fail_once();
  world.clock.advance(10min - 1ms);
  CHECK(world.due().empty());
  world.clock.advance(1ms);
  CHECK(world.due().size() == 1);
}

TEST_CASE("a rotation that waits for an unreachable target comes again after its pause, which doubles") {
  World world;
  const Rotation rotation = must(world.begin());
  CHECK(world.pause(rotation, RotationWait::retry).wait == RotationWait::retry);
  CHECK(world.due().empty());
  world.clock.advance(1min);
  CHECK(world.due().size() == 1);
  must(world.sql([&](auto& tx) { return resume_rotation(tx, rotation.id, world.now()); }));
  world.pause(rotation, RotationWait::retry);
  world.clock.advance(2min - 1ms);
  CHECK(world.due().empty());
  world.clock.advance(1ms);
  CHECK(world.due().size() == 1);
}

TEST_CASE("in doubt the pauses begin anew with seconds, however long was waited before") {
  World world;
  const Rotation rotation = must(world.begin());
  for (int i = 0; i < 8; ++i) {
    must(world.record(rotation, "applying"));  // the target is not reached: nothing was sent, and the journal goes back
    must(world.record(rotation, "pending"));
    world.pause(rotation, RotationWait::retry);
  }
  world.clock.advance(2h);
  CHECK(world.due().empty());
  must(world.record(rotation, "applying"));
  world.pause(rotation, RotationWait::retry);
  CHECK(world.due().empty());
  world.clock.advance(2s);
  CHECK(world.due().size() == 1);
  for (int i = 0; i < 10; ++i) world.pause(rotation, RotationWait::retry);
  world.clock.advance(2min - 1ms);
  CHECK(world.due().empty());
  world.clock.advance(1ms);
  CHECK(world.due().size() == 1);
}

TEST_CASE("an account in doubt says so, and which rotation waits") {
  World world;
  const Rotation rotation = must(world.begin());
  const auto in_doubt = [&] {
    return must(world.sql([&](auto& tx) { return find_rotation_in_doubt(tx, world.account.id); }));
  };
  const auto why = [&] {
    return must(world.sql([&](auto& tx) { return why_rotating(tx, world.account.id); })).value();
  };
  CHECK(why().find("try again in a moment") != std::string::npos);
  world.pause(rotation, RotationWait::retry);
  CHECK_FALSE(in_doubt());
  must(world.record(rotation, "applying"));
  CHECK_FALSE(in_doubt());  // it is being worked at
  world.pause(rotation, RotationWait::retry);
  CHECK(in_doubt()->id == rotation.id);
  CHECK(why().find("in doubt") != std::string::npos);
  world.pause(rotation, RotationWait::blocked);
  CHECK(why().find("an administrator has to look (rotation " + rotation.id.text()) != std::string::npos);
}

TEST_CASE("a blocked rotation runs again on demand only") {
  World world;
  const Rotation rotation = must(world.begin());
  world.pause(rotation, RotationWait::blocked);
  world.clock.advance(24h * 30);
  CHECK(world.due().empty());
  world.request(RotationCause::demand);
  REQUIRE(world.due().size() == 1);
  CHECK(world.due()[0].open == rotation.id);
}

TEST_CASE("a waiting rotation keeps nobody out where it is certain which secret is in force") {
  World world;
  const Rotation rotation = must(world.begin());
  CHECK(world.rotating());
  world.pause(rotation, RotationWait::retry);
  CHECK_FALSE(world.rotating());
  must(world.record(rotation, "applying"));
  CHECK(world.rotating());
  world.pause(rotation, RotationWait::blocked);
  CHECK(world.rotating());
  must(world.record(rotation, "promoted"));
  CHECK(world.rotating());
  world.pause(rotation, RotationWait::retry);
  CHECK_FALSE(world.rotating());
}

TEST_CASE("an ended rotation is neither paused nor resumed") {
  World world;
  const Rotation rotation = must(world.begin());
  must(world.record(rotation, "current"));
  CHECK(code_of(world.sql([&](auto& tx) {
          return pause_rotation(tx, rotation.id, RotationWait::retry, "", "", world.now());
        })) == Errc::conflict);
  CHECK(code_of(world.sql([&](auto& tx) { return resume_rotation(tx, rotation.id, world.now()); })) == Errc::conflict);
}

TEST_CASE("rotations are listed newest first, in pages") {
  World world;
  const Rotation first = must(world.begin());
  must(world.record(first, "current"));
  world.clock.advance(1s);
  const Rotation second = must(world.begin());
  const auto all = must(world.sql([&](auto& tx) { return list_rotations(tx, {.account = world.account.id}); }));
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == second.id);
  const auto page = must(world.sql([&](auto& tx) { return list_rotations(tx, {.after = second.id}); }));
  REQUIRE(page.size() == 1);
  CHECK(page[0].id == first.id);
}
