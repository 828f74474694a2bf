#include "sallyport/access/login_token.hpp"

#include <set>

#include "world.hpp"

using namespace sallyport;
using namespace sallyport::access;
using namespace sallyport::access::test;
using namespace std::chrono_literals;
using base::Errc;

namespace {

constexpr std::string_view kSource = "192.0.2.1";

struct TokenWorld : World {
  User alice = add_user("alice");

  base::Result<IssuedToken> issued(base::Seconds life = 1h) {
    Factors factors;
    factors.password = true;
    factors.otp = now();
    return sql([&](auto& tx) { return issue_token(tx, alice.id, kSource, factors, life, now()); });
  }
  base::Result<base::SecretBytes> issue(base::Seconds life = 1h) {
    SALLYPORT_TRY(auto token, issued(life));
    return std::move(token.text);
  }
  base::Result<Login> check(const base::SecretBytes& token, std::string_view source = kSource) {
    return sql([&](auto& tx) { return check_token(tx, token, source, now()); });
  }
};

}  // namespace

TEST_CASE("a token stands for its user and the proofs given at sign-in") {
  TokenWorld world;
  const auto token = must(world.issue());
  CHECK(token.size() == kTokenText);
  CHECK(token.expose_text().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string_view::npos);
  world.clock.advance(1min);
  const Login login = must(world.check(token));
  CHECK(login.user == world.alice.id);
  CHECK(login.factors.password);
  CHECK_FALSE(login.factors.key);
  REQUIRE(login.factors.otp.has_value());
  CHECK(login.factors.otp->mono == world.now().mono - 1min);
  CHECK(login.factors.otp->boot == "boot-a");
}

TEST_CASE("no two tokens are the same, and the store does not hold their text") {
  TokenWorld world;
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) seen.emplace(must(world.issue()).expose_text());
  CHECK(seen.size() == 50);
  must(world.sql([&](vault::Transaction& tx) -> base::Result<> {
    SALLYPORT_TRY(auto rows, tx.query("SELECT hash FROM login_token"));
    for (;;) {
      SALLYPORT_TRY(const bool more, rows.next());
      if (!more) return base::ok();
      CHECK(rows.blob(0).size() == 32);
      CHECK(seen.count(std::string(base::as_text(rows.blob(0)))) == 0);
    }
  }));
}

TEST_CASE("a token ends by the boot clock, whatever the wall clock does") {
  TokenWorld world;
  const auto token = must(world.issue());
  world.clock.jump_wall(GENERATE(base::Milliseconds(-48h), base::Milliseconds(48h)));
  world.clock.advance(1h - 1ms);
  CHECK(world.check(token).has_value());
  world.clock.advance(1ms);
  CHECK(code_of(world.check(token)) == Errc::unauthenticated);
}

TEST_CASE("a token is refused in the same words whatever is wrong with it") {
  TokenWorld world;
  const auto good = must(world.issue());
  const auto reference = world.check(secret(std::string(kTokenText, 'A')));
  CHECK(code_of(reference) == Errc::unauthenticated);
  SECTION("another source") { CHECK(world.check(good, "192.0.2.2").error() == reference.error()); }
  SECTION("empty") { CHECK(world.check(secret("")).error() == reference.error()); }
  SECTION("too long") { CHECK(world.check(secret(std::string(1000, 'A'))).error() == reference.error()); }
  SECTION("disabled user") {
    world.disable("alice");
    CHECK(world.check(good).error() == reference.error());
    world.disable("alice", false);
    CHECK(world.check(good).error() == reference.error());  // it does not come back to life
  }
  SECTION("revoked") {
    must(world.sql([&](auto& tx) { return revoke_token(tx, good); }));
    CHECK(world.check(good).error() == reference.error());
  }
}

TEST_CASE("whoever has a token that ran out is told so, from its own source only") {
  TokenWorld world;
  const auto good = must(world.issue());
  world.clock.advance(1h);
  CHECK(world.check(good).error().context().find("expired") != std::string::npos);
  CHECK(world.check(good, "192.0.2.2").error().context().find("expired") == std::string::npos);
}

TEST_CASE("a sign-in that is used lives to its end, one that is not ends before") {
  TokenWorld world;
  const auto token = must(world.issue(8h));
  TokenUses uses;
  const auto check = [&] {
    return world.sql([&](auto& tx) { return check_token(tx, token, kSource, world.now(), {2h, &uses}); });
  };
  for (int i = 0; i < 4; ++i) {
    world.clock.advance(1h);
    const auto login = must(check());
    uses.note(login.token, world.now());
    if (i == 1) {  // written down meanwhile, and forgotten here
      must(world.sql([&](auto& tx) { return uses.write(tx); }));
      uses.clear();
    }
  }
  world.clock.advance(2h - 1ms);
  CHECK(check().has_value());
  world.clock.advance(1ms);
  CHECK(check().error().context().find("not used for 120 minutes") != std::string::npos);
}

TEST_CASE("the code of a sign-in is spent once, and one given later counts from then on") {
  TokenWorld world;
  const auto token = must(world.issue());
  auto login = must(world.check(token));
  CHECK_FALSE(login.code_spent);
  CHECK(must(world.sql([&](auto& tx) { return spend_code(tx, login); })));
  CHECK_FALSE(must(world.sql([&](auto& tx) { return spend_code(tx, login); })));
  world.clock.advance(10min);
  must(world.sql([&](auto& tx) { return renew_code(tx, login, world.now()); }));
  login = must(world.check(token));
  CHECK(login.factors.otp->mono == world.now().mono);
  CHECK(login.code_spent);
}

TEST_CASE("of too many sign-ins the one that was unused for longest ends, and none that lives while others ran out") {
  TokenWorld world;
  const auto used = must(world.issue(8h));
  world.clock.advance(1ms);
  const auto unused = must(world.issue(8h));
  for (std::size_t i = 2; i < kMaxSignIns; ++i) CHECK_FALSE(must(world.issued(1min)).ended_another);
  world.clock.advance(1min);
  TokenUses uses;
  uses.note(must(world.check(used)).token, world.now());
  must(world.sql([&](auto& tx) { return uses.write(tx); }));
  for (std::size_t i = 2; i < kMaxSignIns; ++i) {
    CHECK_FALSE(must(world.issued()).ended_another);  // at first what ran out gives way
    world.clock.advance(1ms);
  }
  CHECK(world.check(unused).has_value());
  CHECK(must(world.issued()).ended_another);
  CHECK(world.check(used).has_value());
  CHECK(code_of(world.check(unused)) == Errc::unauthenticated);
}

TEST_CASE("of too many sign-ins of one person the eldest ends, and never the new one or another's") {
  TokenWorld world;
  const User bob = world.add_user("bob");
  const auto of_bob = must(world.sql([&](auto& tx) {
                        return issue_token(tx, bob.id, kSource, {.password = true}, 1h, world.now());
                      })).text;
  std::vector<base::SecretBytes> tokens;
  for (std::size_t i = 0; i < kMaxSignIns; ++i) {
    world.clock.advance(1ms);
    tokens.push_back(must(world.issue()));
  }
  CHECK(world.check(tokens[0]).has_value());
  world.clock.advance(1ms);
  tokens.push_back(must(world.issue()));
  CHECK(code_of(world.check(tokens[0])) == Errc::unauthenticated);
  CHECK(world.check(tokens[1]).has_value());
  world.clock.jump_wall(-48h);
  tokens.push_back(must(world.issue()));
  CHECK(world.check(tokens.back()).has_value());
  CHECK(code_of(world.check(tokens[1])) == Errc::unauthenticated);
  CHECK(world.check(tokens[2]).has_value());
  CHECK(must(world.sql([&](auto& tx) { return check_token(tx, of_bob, kSource, world.now()); })).user == bob.id);
}

TEST_CASE("a token is not given to a disabled user, nor for a life out of bounds") {
  TokenWorld world;
  CHECK(code_of(world.issue(0s)) == Errc::invalid);
  CHECK(code_of(world.issue(24h + 1s)) == Errc::invalid);
  world.disable("alice");
  CHECK(code_of(world.issue()) == Errc::denied);
}

TEST_CASE("tokens that ended a day ago are dropped, living ones stay") {
  TokenWorld world;
  must(world.issue(1min));
  world.clock.advance(23h + 59min);
  const auto living = must(world.issue(1h));
  CHECK(must(world.sql([&](auto& tx) { return drop_ended_tokens(tx, world.now()); })) == 0);
  world.clock.jump_wall(48h);
  world.clock.advance(1min + 1min);
  CHECK(must(world.sql([&](auto& tx) { return drop_ended_tokens(tx, world.now()); })) == 1);
  CHECK(world.check(living).has_value());
  world.boot = "boot-b";
  CHECK(must(world.sql([&](auto& tx) { return drop_ended_tokens(tx, world.now()); })) == 1);
}
