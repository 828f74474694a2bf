#include "sallyport/access/password.hpp"

#include "sallyport/access/login_token.hpp"
#include "sallyport/vault/totp_store.hpp"
#include "world.hpp"

using namespace sallyport;
using namespace sallyport::access;
using namespace sallyport::access::test;
using namespace std::chrono_literals;
using base::Errc;

namespace {

constexpr base::Argon2Cost kQuick{.memory = 8U << 20U, .passes = 1};
constexpr std::string_view kGood = "correct horse battery";

struct PasswordWorld : World {
  vault::SourceLockouts sources;
  User alice = add_user("alice");

  PasswordWorld() { set(alice.id, kGood); }
  void set(const base::UserId& user, std::string_view password) {
    const auto work = must(prepare_new_password(secret(password), kQuick));
    const auto hash = must(compute_password(secret(password), work));
    must(sql([&](auto& tx) { return store_password(tx, user, work, hash); }));
  }
  PasswordAttempt prepare(std::string_view name) {
    return must(sql([&](auto& tx) { return prepare_password_check(tx, keys(), name, kQuick); }));
  }
  PasswordAnswer settle(const PasswordAttempt& attempt, const base::SecretBytes& hash,
                        std::string_view source = "192.0.2.1") {
    return must(sql([&](auto& tx) { return settle_password_check(tx, sources, attempt, hash, source, now()); }));
  }
  PasswordAnswer sign_in(std::string_view name, std::string_view password, std::string_view source = "192.0.2.1") {
    const PasswordAttempt attempt = prepare(name);
    return settle(attempt, must(compute_password(secret(password), attempt.work)), source);
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i)
      CHECK(sign_in("alice", "wrong", "192.0.2." + std::to_string(100 + i)).why == "wrong");
  }
};

}  // namespace

TEST_CASE("the right password is accepted, another is not") {
  PasswordWorld world;
  const auto answer = world.sign_in("alice", kGood);
  CHECK(answer.accepted);
  CHECK(answer.user == world.alice.id);
  const auto refused = world.sign_in("alice", "correct horse batterz");
  CHECK_FALSE(refused.accepted);
  CHECK_FALSE(refused.user.has_value());
  CHECK(must(world.sql([](auto& tx) { return find_user(tx, "alice"); })).has_password);
}

TEST_CASE("an unknown user costs the same work and gets the same answer") {
  PasswordWorld world;
  const auto unknown = world.prepare("mallory");
  const auto known = world.prepare("alice");
  CHECK(unknown.work.cost.memory == known.work.cost.memory);
  CHECK(unknown.work.cost.passes == known.work.cost.passes);
  CHECK(world.prepare("mallory").work.salt == unknown.work.salt);
  CHECK(world.prepare("mallorz").work.salt != unknown.work.salt);
  const auto answer = world.settle(unknown, must(compute_password(secret(kGood), unknown.work)));
  CHECK_FALSE(answer.accepted);
  CHECK(answer.why == "unknown");
}

TEST_CASE("nobody signs in by a hash of zeros") {
  PasswordWorld world;
  CHECK_FALSE(world.settle(world.prepare("mallory"), base::SecretBytes(32)).accepted);
  CHECK_FALSE(world.settle(world.prepare("alice"), base::SecretBytes(32)).accepted);
}

TEST_CASE("users who are disabled, removed or without password are as unknown") {
  PasswordWorld world;
  SECTION("disabled") { world.disable("alice"); }
  SECTION("removed") {
    must(world.sql([&](auto& tx) { return remove_user(tx, "alice", world.now()); }));
  }
  SECTION("without password") {
    world.add_user("bob");
    CHECK_FALSE(world.sign_in("bob", kGood).accepted);
    return;
  }
  const auto answer = world.sign_in("alice", kGood);
  CHECK_FALSE(answer.accepted);
  CHECK(answer.why == "unknown");
}

TEST_CASE("a user who is disabled while his password is being computed does not get in") {
  PasswordWorld world;
  const auto attempt = world.prepare("alice");
  const auto hash = must(compute_password(secret(kGood), attempt.work));
  world.disable("alice");
  CHECK_FALSE(world.settle(attempt, hash).accepted);
}

TEST_CASE("after five failures the right password is refused for 30 seconds, over a restart too") {
  PasswordWorld world;
  world.fail(5);
  CHECK(world.sign_in("alice", kGood).why == "locked");
  world.reopen();
  world.clock.jump_wall(1h);
  CHECK(world.sign_in("alice", kGood).why == "locked");
  world.clock.advance(30s);
  CHECK(world.sign_in("alice", kGood).accepted);
  CHECK(world.sign_in("alice", "wrong").why == "wrong");
  CHECK(world.sign_in("alice", kGood).accepted);
}

TEST_CASE("strangers who guess passwords do not keep the owner out where he signed in before") {
  PasswordWorld world;
  must(world.sql([&](auto& tx) { return vault::remember_source(tx, world.alice.id, "192.0.2.1", world.now()); }));
  world.fail(5);
  CHECK(world.sign_in("alice", kGood, "192.0.2.99").why == "locked");
  CHECK(world.sign_in("alice", kGood).accepted);
  CHECK(world.sign_in("alice", kGood, "192.0.2.99").why == "locked");  // nor does he clear their count
  for (int i = 0; i < 5; ++i) CHECK(world.sign_in("alice", "wrong").why == "wrong");
  CHECK(world.sign_in("alice", kGood).why == "locked");  // guesses from there are bounded, too
}

TEST_CASE("guessing from ever new sources is slowed down for all of them together") {
  PasswordWorld world;
  int looked_at = 0;
  for (int i = 0; i < 200; ++i) {
    looked_at += world.sign_in("alice", "wrong", "198.51.100." + std::to_string(i)).why == "wrong" ? 1 : 0;
    world.clock.advance(30s);
  }
  CHECK(looked_at <= 12);  // 100 minutes: five at once, then after 30 s, 1, 2, 4, 8, 16, 32 minutes
}

TEST_CASE("a source that failed for twenty different names is locked") {
  PasswordWorld world;
  for (std::uint32_t i = 0; i < vault::kFreeSourceFailures; ++i)
    CHECK_FALSE(world.sign_in("nobody" + std::to_string(i), "wrong").accepted);
  CHECK(world.sign_in("alice", kGood).why == "locked");
  CHECK(world.sign_in("alice", kGood, "192.0.2.9").accepted);
}

TEST_CASE("an account of one's own does not pay for guesses at others'") {
  PasswordWorld world;
  for (std::uint32_t i = 0; i < vault::kFreeSourceFailures; ++i) {
    CHECK(world.sign_in("victim" + std::to_string(i), "a guess").why == "unknown");
    if (i % 5 == 0) CHECK(world.sign_in("alice", kGood).accepted);
  }
  CHECK(world.sources.locked_for("192.0.2.1", world.now()) == 30s);
}

TEST_CASE("what others guessed at an account from elsewhere does not pay for guesses from its owner's source") {
  PasswordWorld world;
  const auto guess_at_others = [&](std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) CHECK(world.sign_in("nobody", "a guess").why == "unknown");
  };
  guess_at_others(vault::kFreeSourceFailures - 1);
  world.fail(4);  // at alice, each from an address of its own
  SECTION("now") {}
  SECTION("before a restart") {
    world.sources = {};
    guess_at_others(vault::kFreeSourceFailures - 1);
  }
  CHECK(world.sign_in("alice", kGood).accepted);
  guess_at_others(1);
  CHECK(world.sources.locked_for("192.0.2.1", world.now()) == 30s);
}

TEST_CASE("a right password does not clear the count of failed passcodes") {
  PasswordWorld world;
  const auto check = [&](int i) {
    return must(world.audited([&](auto& tx) {
      return vault::check_totp(tx, world.keys(), world.sources, world.alice.id, "192.0.2." + std::to_string(50 + i),
                               base::as_bytes("000000"), world.now());
    }));
  };
  for (int i = 0; i < 5; ++i) {
    check(i);
    CHECK(world.sign_in("alice", kGood).accepted);
  }
  CHECK(check(6).verdict == vault::OtpVerdict::locked);
}

TEST_CASE("a new password takes the place of the old one and ends the logins") {
  PasswordWorld world;
  Factors factors;
  factors.password = true;
  const auto token = must(world.sql([&](auto& tx) {
                       return issue_token(tx, world.alice.id, "192.0.2.1", factors, 1h, world.now());
                     })).text;
  world.set(world.alice.id, "another good one");
  CHECK_FALSE(world.sign_in("alice", kGood).accepted);
  CHECK(world.sign_in("alice", "another good one").accepted);
  CHECK(code_of(world.sql([&](auto& tx) { return check_token(tx, token, "192.0.2.1", world.now()); })) ==
        Errc::unauthenticated);
}

TEST_CASE("passwords that are too short or too long are not set") {
  CHECK(code_of(prepare_new_password(secret("123456789"), kQuick)) == Errc::invalid);
  CHECK(code_of(prepare_new_password(secret(std::string(1025, 'x')), kQuick)) == Errc::invalid);
  CHECK(code_of(compute_password(secret(""), {})) == Errc::invalid);
  CHECK(code_of(compute_password(secret(std::string(1025, 'x')), {})) == Errc::invalid);
}

TEST_CASE("a name beyond any real one is unknown, also where a user has its beginning") {
  PasswordWorld world;
  const std::string longest(64, 'a');
  const User user = world.add_user(longest);
  world.set(user.id, kGood);
  CHECK(world.sign_in(longest, kGood).accepted);
  CHECK_FALSE(world.sign_in(longest + "a", kGood).accepted);
  CHECK_FALSE(world.sign_in(longest + std::string(4096, 'a'), kGood).accepted);
}
