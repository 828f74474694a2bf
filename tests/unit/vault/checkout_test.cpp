#include "sallyport/vault/checkout.hpp"

#include "sallyport/vault/rotation.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using namespace std::chrono_literals;
using base::Errc;
using test::code_of;
using test::must;

namespace {

struct World : test::DomainVault {
  base::UserId alice = base::UserId::random();
  base::UserId bob = base::UserId::random();

  World() { add_target(); }
  base::Result<Granted> checkout(const Account& account, const base::UserId& user, base::Seconds duration = 10min,
                                 std::string reason = "repair the disk") {
    const NewCheckout wanted{account.id, user, "192.0.2.1", std::move(reason), duration, true};
    return sql([&](auto& tx) { return create_checkout(tx, wanted, now()); });
  }
  base::Result<EndedCheckout> in(const base::CheckoutId& id) {
    return sql([&](auto& tx) { return check_in(tx, id, now()); });
  }
  std::vector<EndedCheckout> expire() {
    return must(sql([&](auto& tx) { return expire_due(tx, now()); }));
  }
  Checkout get(const base::CheckoutId& id) {
    return must(sql([&](auto& tx) { return get_checkout(tx, id); }));
  }
  base::Result<> reveal(const base::CheckoutId& id) {
    return sql([&](auto& tx) { return mark_revealed(tx, id, now()); });
  }
  std::optional<Checkout> active(const Account& account, const base::UserId& user) {
    return must(sql([&](auto& tx) { return find_active_checkout(tx, account.id, user, now()); }));
  }
  std::vector<DueRotation> due() {
    return must(sql([&](auto& tx) { return due_rotations(tx, now()); }));
  }
};

}  // namespace

TEST_CASE("an active checkout ends in one of three states, and no ended one changes again") {
  CHECK(next_state(CheckoutState::active, CheckoutEvent::check_in).value() == CheckoutState::checked_in);
  CHECK(next_state(CheckoutState::active, CheckoutEvent::time_passed).value() == CheckoutState::expired);
  CHECK(next_state(CheckoutState::active, CheckoutEvent::revoke).value() == CheckoutState::revoked);
  const auto state = GENERATE(CheckoutState::checked_in, CheckoutState::expired, CheckoutState::revoked);
  const auto event = GENERATE(CheckoutEvent::check_in, CheckoutEvent::time_passed, CheckoutEvent::revoke);
  CHECK(code_of(next_state(state, event)) == Errc::conflict);
}

TEST_CASE("a checkout is stored as it was asked for, and checked in once") {
  World world;
  const Account account = world.add_account();
  const auto id = must(world.checkout(account, world.alice)).checkout.id;
  const Checkout stored = world.get(id);
  CHECK(stored.user == world.alice);
  CHECK(stored.reason == "repair the disk");
  CHECK(stored.with_otp);
  CHECK(stored.lease.remaining(world.now()) == 10min);
  const auto ended = must(world.in(id));
  CHECK(ended.checkout.state == CheckoutState::checked_in);
  CHECK_FALSE(ended.rotation_due);
  CHECK(world.get(id).ended.has_value());
  CHECK(code_of(world.in(id)) == Errc::conflict);
  CHECK(code_of(world.in(base::CheckoutId::random())) == Errc::not_found);
}

TEST_CASE("an exclusive account is out once, for its holder too") {
  World world;
  const Account account = world.add_account();
  const auto granted = must(world.checkout(account, world.alice));
  CHECK(code_of(world.checkout(account, world.bob)) == Errc::conflict);
  CHECK(code_of(world.checkout(account, world.alice)) == Errc::conflict);
  must(world.in(granted.checkout.id));
  must(world.checkout(account, world.bob));
}

TEST_CASE("the store itself refuses a second exclusive checkout") {
  World world;
  const Account account = world.add_account();
  must(world.checkout(account, world.alice));
  const auto again = world.sql([&](Transaction& tx) {
    return tx.execute(
        "INSERT INTO checkout (id, account_id, user_id, source, reason, exclusive, with_otp, revealed, made_wall_ms, "
        "made_mono_ms, made_boot, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms, state) "
        "SELECT 'aaaaaaaaaaaaaaaa', account_id, user_id, source, reason, exclusive, with_otp, revealed, made_wall_ms, "
        "made_mono_ms, made_boot, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms, state FROM checkout");
  });
  CHECK(code_of(again) == Errc::exists);
}

TEST_CASE("a shared account is out to several, an exclusive wish waits for all of them") {
  World world;
  AccountPolicy policy;
  policy.exclusive = false;
  const Account account = world.add_account("root", "web1", policy);
  must(world.checkout(account, world.alice));
  must(world.checkout(account, world.bob));
  CHECK(code_of(world.checkout(account, world.bob)) == Errc::conflict);  // each has it once
  AccountChange change;
  change.policy = AccountPolicy{};
  must(world.sql([&](auto& tx) { return change_account(tx, account.name, change); }));
  const auto carol = base::UserId::random();
  CHECK(code_of(world.checkout(account, carol)) == Errc::conflict);
}

TEST_CASE("a reason must be one line of plain text, a duration within the account's bound") {
  World world;
  const Account account = world.add_account();
  for (const std::string& bad : {std::string(), std::string("   "), std::string("a\nb"), std::string("a\x1b[2J"),
                                 std::string(513, 'x'), std::string("\xff\xfe")}) {
    CHECK(code_of(world.checkout(account, world.alice, 10min, bad)) == Errc::invalid);
  }
  for (const base::Seconds bad : {base::Seconds(0), base::Seconds(-1), base::Seconds(8h) + 1s}) {
    CHECK(code_of(world.checkout(account, world.alice, bad)) == Errc::invalid);
  }
  must(world.checkout(account, world.alice, 8h, "Pl\xC3\xA4tte voll"));
}

TEST_CASE("a checkout expires by the boot clock, whatever the wall clock does") {
  World world;
  const Account account = world.add_account();
  const auto id = must(world.checkout(account, world.alice)).checkout.id;
  world.clock.jump_wall(GENERATE(base::Milliseconds(-48h), base::Milliseconds(48h)));
  world.clock.advance(10min - 1ms);
  CHECK(world.expire().empty());
  world.clock.advance(1ms);
  const auto ended = world.expire();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].checkout.id == id);
  CHECK(world.get(id).state == CheckoutState::expired);
  CHECK(world.expire().empty());
}

TEST_CASE("over a reboot a checkout lives no longer than granted, and is tied to the new boot's clock") {
  World world;
  const Account account = world.add_account();
  const auto id = must(world.checkout(account, world.alice)).checkout.id;
  world.clock.advance(4min);
  world.boot = "boot-b";
  world.reopen();
  CHECK(world.expire().empty());
  CHECK(world.get(id).lease.start.boot == "boot-b");
  world.clock.jump_wall(-3min);
  world.clock.advance(6min - 1ms);
  CHECK(world.expire().empty());
  world.clock.advance(1ms);
  CHECK(world.expire().size() == 1);
}

TEST_CASE("after a reboot into the past a checkout has ended") {
  World world;
  const Account account = world.add_account();
  must(world.checkout(account, world.alice));
  world.boot = "boot-b";
  world.clock.jump_wall(-1s);
  CHECK(world.expire().size() == 1);
}

TEST_CASE("an account whose lease has run out is free at once, without a sweep") {
  World world;
  const Account account = world.add_account();
  const auto first = must(world.checkout(account, world.alice)).checkout.id;
  world.reopen();  // nobody checked it in: the server was killed
  world.clock.advance(10min);
  const auto second = must(world.checkout(account, world.bob));
  REQUIRE(second.also_ended.size() == 1);
  CHECK(second.also_ended[0].checkout.id == first);
}

TEST_CASE("the end of a revealed checkout queues a rotation, however it ends") {
  World world;
  const Account account = world.add_account();
  const auto id = must(world.checkout(account, world.alice)).checkout.id;
  must(world.reveal(id));
  CHECK(world.due().empty());
  bool due = false;
  SECTION("check-in") { due = must(world.in(id)).rotation_due; }
  SECTION("revoked") {
    due = must(world.sql([&](auto& tx) { return revoke_checkout(tx, id, world.now()); })).rotation_due;
  }
  SECTION("expired") {
    world.clock.advance(10min);
    const auto ended = world.expire();
    REQUIRE(ended.size() == 1);
    due = ended[0].rotation_due;
  }
  CHECK(due);
  REQUIRE(world.due().size() == 1);
  CHECK(world.due()[0].cause == RotationCause::checkin);
}

TEST_CASE("an account whose policy does not ask for it is not rotated after a reveal") {
  World world;
  AccountPolicy policy;
  policy.rotate_after_reveal = false;
  const Account account = world.add_account("root", "web1", policy);
  const auto id = must(world.checkout(account, world.alice)).checkout.id;
  must(world.reveal(id));
  CHECK_FALSE(must(world.in(id)).rotation_due);
  CHECK(world.due().empty());
}

TEST_CASE("nothing is revealed under a checkout that has ended or run out") {
  World world;
  const Account account = world.add_account();
  const auto id = must(world.checkout(account, world.alice)).checkout.id;
  world.clock.advance(10min);
  CHECK(code_of(world.reveal(id)) == Errc::conflict);
  world.expire();
  CHECK(code_of(world.reveal(id)) == Errc::conflict);
}

TEST_CASE("no checkout begins while the secret is being rotated") {
  World world;
  const Account account = world.add_account();
  const auto rotation = must(world.audited([&](auto& tx) {
    return begin_rotation(tx, world.keys(), account.id, RotationCause::demand, nullptr, {}, world.now());
  }));
  const auto refused = world.checkout(account, world.alice);
  CHECK(code_of(refused) == Errc::conflict);
  CHECK(refused.error().context().find("rotating") != std::string::npos);
  must(world.sql([&](auto& tx) { return record_rotation(tx, rotation.id, {"current", "", "ok", ""}, world.now()); }));
  must(world.checkout(account, world.alice));
}

TEST_CASE("the active checkout found is the person's own, with time left") {
  World world;
  const Account account = world.add_account();
  must(world.checkout(account, world.alice));
  CHECK(world.active(account, world.alice).has_value());
  CHECK_FALSE(world.active(account, world.bob).has_value());
  world.clock.advance(10min);
  CHECK_FALSE(world.active(account, world.alice).has_value());
}

TEST_CASE("the next expiry is that of the shortest lease") {
  World world;
  const auto next = [&] { return must(world.sql([&](auto& tx) { return next_expiry(tx, world.now()); })); };
  CHECK_FALSE(next().has_value());
  must(world.checkout(world.add_account("a"), world.alice, 10min));
  must(world.checkout(world.add_account("b"), world.alice, 5min));
  CHECK(next() == base::Milliseconds(5min));
}

TEST_CASE("checkouts are listed newest first, by person, account and state, in pages") {
  World world;
  const Account a = world.add_account("a");
  const Account b = world.add_account("b");
  const auto first = must(world.checkout(a, world.alice)).checkout.id;
  world.clock.advance(1s);
  const auto second = must(world.checkout(b, world.bob)).checkout.id;
  world.clock.advance(1s);
  must(world.in(first));
  const auto third = must(world.checkout(a, world.bob)).checkout.id;
  const auto list = [&](const CheckoutFilter& filter) {
    std::vector<base::CheckoutId> ids;
    for (const auto& one : must(world.sql([&](auto& tx) { return list_checkouts(tx, filter); }))) ids.push_back(one.id);
    return ids;
  };
  using Ids = std::vector<base::CheckoutId>;
  CHECK(list({}) == Ids{third, second, first});
  CHECK(list({.user = world.bob}) == Ids{third, second});
  CHECK(list({.account = a.id}) == Ids{third, first});
  CHECK(list({.active_only = true}) == Ids{third, second});
  CHECK(list({.after = third, .limit = 1}) == Ids{second});
}
