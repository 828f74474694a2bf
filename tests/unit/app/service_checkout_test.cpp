#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// An administrator, an engineer whose role opens root@web1 and not root@db1, and both accounts.
struct Office : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice;
  Office() {
    add_account(admin, "web1", "root", "env=prod");
    add_account(admin, "db1", "root", "env=lab");
    add_role(admin, "ops", "checkout,session,reveal", "env=prod");
    alice = add_person(admin, "alice", "ops");
  }
};

}  // namespace

TEST_CASE("service: a user checks out, reveals and gives back an account of his role") {
  Office office;
  const auto made = office.checkout(office.alice, "root@web1");
  REQUIRE(made->text("state") == "active");
  const std::string id(made->text("id"));

  const auto revealed = office.by_id(OperationId::reveal, id, office.alice.token);
  REQUIRE(revealed->secret("secret").expose_text() == "the-root-password");

  const auto back = office.by_id(OperationId::checkin, id, office.alice.token);
  CHECK(back->text("state") == "checked_in");
  CHECK(back->flag("rotation"));
  const auto log = office.log();
  const auto find = [&](std::string_view action) {
    return std::find_if(log.begin(), log.end(),
                        [&](const auto& line) { return line.action == action && line.outcome == "ok"; });
  };
  REQUIRE(find("checkout.create") != log.end());
  CHECK(find("checkout.create")->actor == "user:alice");
  CHECK(find("checkout.create")->rule == "allow.role:ops");
  REQUIRE(find("reveal") != log.end());
  CHECK(find("reveal")->object == "account:root@web1");
  REQUIRE(find("checkin") != log.end());
}

TEST_CASE("service: what is not checked out any more is not revealed") {
  Office office;
  const auto made = office.checkout(office.alice, "root@web1");
  const std::string id(made->text("id"));
  REQUIRE(office.by_id(OperationId::checkin, id, office.alice.token).ok());
  const auto revealed = office.by_id(OperationId::reveal, id, office.alice.token);
  CHECK(revealed.code == Errc::conflict);
}

TEST_CASE("service: another person's checkout is answered like one that is not there, to whoever may reveal too") {
  Office office;
  const auto bob = office.add_person(office.admin, "bob", "ops");
  const std::string id(office.checkout(office.alice, "root@web1")->text("id"));
  for (const auto operation : {OperationId::reveal, OperationId::checkin, OperationId::checkout_show}) {
    const auto others = office.by_id(operation, id, bob.token);
    const auto absent = office.by_id(operation, std::string(16, 'a'), bob.token);
    CHECK(others.code == Errc::not_found);
    CHECK(others.error == absent.error);
    // Nor is it told letter by letter.
    const auto begun = office.by_id(operation, id.substr(0, 6), bob.token);
    CHECK(begun.code == Errc::not_found);
    CHECK(begun.error == "no id begins with " + id.substr(0, 6));
  }
  CHECK(office.by_id(OperationId::reveal, id, office.alice.token).ok());
  CHECK(office.by_id(OperationId::checkout_show, id.substr(0, 6), office.alice.token).ok());
}

TEST_CASE("service: an account that is not open and one that is not there are answered alike") {
  Office office;
  const auto closed = office.checkout(office.alice, "root@db1");
  const auto absent = office.checkout(office.alice, "root@nowhere");
  CHECK(closed.code == Errc::denied);
  CHECK(absent.code == closed.code);
  CHECK(absent.error == closed.error);
  CHECK(office.log().back().action == "checkout.create");
  CHECK(office.log().back().outcome == "denied");
}

TEST_CASE("service: a code counts once, in one batch too") {
  Office office;
  const auto code = office.code(office.alice);
  std::vector<app::Request> batch;
  for (int i = 0; i < 50; ++i) {
    auto record = office.input(OperationId::checkout_create);
    record.set("account", "root@web1").set("reason", "race").set("otp", code.clone());
    batch.push_back(office.request(office.peer(PeerKind::web, office.web_peer), OperationId::checkout_create, record,
                                   &office.alice.token));
  }
  int won = 0;
  for (const auto& [id, answer] : office.run(std::move(batch))) won += answer.ok() ? 1 : 0;
  CHECK(won == 1);
}

TEST_CASE("service: wrong codes stay counted although the operation is undone") {
  Office office;
  for (int i = 0; i < 5; ++i) {
    auto record = office.input(OperationId::checkout_create);
    record.set("account", "root@web1").set("reason", "guess").set("otp", secret("000000"));
    CHECK(office.web(OperationId::checkout_create, record, &office.alice.token).code == Errc::unauthenticated);
  }
  auto record = office.input(OperationId::checkout_create);
  record.set("account", "root@web1")
      .set("reason", "guess")
      .set("otp", vault::hotp(office.alice.seed, vault::totp_step(office.clock.wall()) + 1));
  CHECK(office.web(OperationId::checkout_create, record, &office.alice.token).code == Errc::locked_out);
}

TEST_CASE("service: wrong codes are counted for the person, from wherever they come") {
  Office office;
  const auto wrong = secret("000000");
  for (int i = 0; i < 5; ++i) {
    office.source = "198.51.100." + std::to_string(i);
    CHECK(office.login("alice", "password of alice", &wrong).code == Errc::unauthenticated);
  }
  // (Where she signed in before she is not held up: service_proofs_test.)
  office.source = "203.0.113.1";
  const auto right = vault::hotp(office.alice.seed, vault::totp_step(office.clock.wall()) + 1);
  CHECK(office.login("alice", "password of alice", &right).code == Errc::unauthenticated);
  office.clock.advance(base::Seconds{31});
  const auto later = office.code(office.alice);
  CHECK(office.login("alice", "password of alice", &later).ok());
}

TEST_CASE("service: an unknown user, a wrong password and a wrong code get one answer") {
  Office office;
  const auto code = office.code(office.alice);
  const auto bad_code = secret("123456");
  const auto unknown = office.login("mallory", "password of alice", &code);
  const auto wrong = office.login("alice", "not this one", &code);
  const auto otp = office.login("alice", "password of alice", &bad_code);
  const auto none = office.login("alice", "password of alice");
  for (const auto* answer : {&unknown, &wrong, &otp, &none}) {
    CHECK(answer->code == Errc::unauthenticated);
    CHECK(answer->error == unknown.error);
  }
  CHECK(office.login("alice", "password of alice", &code).ok());
}

TEST_CASE("service: a sign-in that is used goes on, one that is not ends and says so") {
  Office office;
  const auto whoami = office.input(OperationId::whoami);
  for (int i = 0; i < 3; ++i) {
    office.clock.advance(office.config.token_idle - base::Seconds{1});
    CHECK(office.web(OperationId::whoami, whoami, &office.alice.token).ok());
    office.tick();
    if (i == 1) office.restart();
  }
  office.clock.advance(office.config.token_idle);
  const auto ended = office.web(OperationId::whoami, whoami, &office.alice.token);
  CHECK(ended.code == Errc::unauthenticated);
  CHECK(ended.error.find("was not used for") != std::string::npos);
}

TEST_CASE("service: a token is bound to its source and ends by time and by sign-out") {
  Office office;
  const auto whoami = office.input(OperationId::whoami);
  REQUIRE(office.web(OperationId::whoami, whoami, &office.alice.token).ok());
  SECTION("another source") {
    office.source = "198.51.100.1";
    CHECK(office.web(OperationId::whoami, whoami, &office.alice.token).code == Errc::unauthenticated);
  }
  SECTION("time") {
    office.clock.advance(office.config.token_life + base::Seconds{1});
    CHECK(office.web(OperationId::whoami, whoami, &office.alice.token).code == Errc::unauthenticated);
  }
  SECTION("sign-out") {
    REQUIRE(office.web(OperationId::logout, office.input(OperationId::logout), &office.alice.token).ok());
    CHECK(office.web(OperationId::whoami, whoami, &office.alice.token).code == Errc::unauthenticated);
  }
}

TEST_CASE("service: sealed, it answers only for its state, and a wrong passphrase opens nothing") {
  ServiceFixture fixture(false);
  REQUIRE(fixture.service->sealed());
  CHECK(fixture.local(OperationId::status, fixture.input(OperationId::status))->text("state") == "sealed");
  CHECK(fixture.login("root", "administrator").code == Errc::sealed);
  auto unseal = fixture.input(OperationId::unseal);
  unseal.set("passphrase", secret("wrong wrong wrong"));
  CHECK(fixture.local(OperationId::unseal, unseal).code == Errc::denied);
  CHECK(fixture.service->sealed());
  unseal.set("passphrase", secret("correct horse battery"));
  CHECK(fixture.local(OperationId::unseal, unseal)->text("state") == "unsealed");
  CHECK(fixture.log().front().detail.find("1 wrong") != std::string::npos);
  REQUIRE(fixture.local(OperationId::seal, fixture.input(OperationId::seal)).ok());
  CHECK(fixture.service->sealed());
}

TEST_CASE("service: a checkout that runs out ends, and the event says so") {
  Office office;
  REQUIRE(office.checkout(office.alice, "root@web1", 60).ok());
  office.tick(base::Seconds{61});
  const auto log = office.log();
  CHECK(log.back().action == "checkout.expire");
}

TEST_CASE("service: taking a user's code generator away ends the sign-ins that it proved") {
  Office office;
  auto reset = office.input(OperationId::user_set);
  reset.set("name", "alice").set_flag("reset_otp", true);
  REQUIRE(office.web(OperationId::user_set, reset, &office.admin.token).ok());
  CHECK(office.web(OperationId::whoami, office.input(OperationId::whoami), &office.alice.token).code ==
        Errc::unauthenticated);
  CHECK_FALSE(office.login("alice", "password of alice")->flag("otp_proven"));
}
