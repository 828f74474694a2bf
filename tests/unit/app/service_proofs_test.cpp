// What gives a proof (a generator, a key, a password) takes one: a sign-in alone, which somebody else may have got hold
// of, is not enough.
#include <algorithm>
#include <array>

#include "sallyport/access/login_token.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

struct Proofs : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice = add_person(admin, "alice");

  Answer enroll(const Person& who, const base::SecretBytes* otp = nullptr) {
    auto record = input(OperationId::otp_enroll);
    if (otp != nullptr) record.set("otp", otp->clone());
    return web(OperationId::otp_enroll, record, &who.token);
  }
  Answer add_key(const Person& who, const std::string& name, const base::SecretBytes* otp = nullptr,
                 std::string key = {}) {
    if (key.empty()) key = must(certs::generate_ssh_key("k")).public_line;
    auto record = input(OperationId::user_key_add);
    record.set("name", name).set("key", key);
    if (otp != nullptr) record.set("otp", otp->clone());
    return web(OperationId::user_key_add, record, &who.token);
  }
  Answer password(const std::string& name, const base::SecretBytes* otp = nullptr) {
    auto record = input(OperationId::user_password_set);
    record.set("name", name).set("password", secret("quite another one"));
    if (otp != nullptr) record.set("otp", otp->clone());
    return web(OperationId::user_password_set, record, &admin.token);
  }
  Answer add_user(const std::string& name, bool with_password) {
    auto record = input(OperationId::user_add);
    record.set("name", name);
    if (with_password) record.set("password", secret("a first password"));
    return web(OperationId::user_add, record, &admin.token);
  }
  Answer reset(const std::string& name, const base::SecretBytes* otp = nullptr) {
    auto record = input(OperationId::user_set);
    record.set("name", name).set_flag("reset_otp", true);
    if (otp != nullptr) record.set("otp", otp->clone());
    return web(OperationId::user_set, record, &admin.token);
  }
};

}  // namespace

TEST_CASE("service: a sign-in alone does not replace a generator that is in force") {
  Proofs office;
  CHECK(office.enroll(office.alice).code == Errc::unauthenticated);
  CHECK(office.log().back().rule == "deny.otp_needed");
  const auto wrong = secret("000000");
  CHECK(office.enroll(office.alice, &wrong).code == Errc::unauthenticated);
  const auto code = office.code(office.alice);
  CHECK(office.enroll(office.alice, &code).ok());
  CHECK(office.enroll(office.alice, &code).code == Errc::unauthenticated);
}

TEST_CASE("service: a sign-in alone adds no SSH key to its owner") {
  Proofs office;
  CHECK(office.add_key(office.alice, "alice").code == Errc::unauthenticated);
  const auto code = office.code(office.alice);
  CHECK(office.add_key(office.alice, "alice", &code).ok());
  CHECK(office.add_key(office.alice, "alice", &code).code == Errc::unauthenticated);
}

TEST_CASE("service: an administrator gives others proofs only for five minutes after a code") {
  Proofs office;
  const auto code = office.code(office.admin);
  office.admin.token = office.login("root", "administrator", &code)->secret("token").clone();
  CHECK(office.add_user("bob", true).ok());
  CHECK(office.add_key(office.admin, "alice").ok());
  office.clock.advance(base::Seconds{301});
  CHECK(office.add_user("carol", true).code == Errc::unauthenticated);
  CHECK(office.add_key(office.admin, "alice").code == Errc::unauthenticated);
  CHECK(office.password("alice").code == Errc::unauthenticated);
  CHECK(office.reset("alice").code == Errc::unauthenticated);
  CHECK(office.add_user("dave", false).ok());  // nobody can sign in as he yet
  const auto fresh = office.code(office.admin);
  CHECK(office.password("alice", &fresh).ok());
  CHECK(office.add_key(office.admin, "alice").ok());  // that code counts for five minutes more
  CHECK(office.reset("alice").ok());
}

TEST_CASE("service: an administrator does not take his own generator away by a sign-in alone") {
  Proofs office;
  const auto code = office.code(office.admin);
  office.admin.token = office.login("root", "administrator", &code)->secret("token").clone();
  CHECK(office.reset("root").code == Errc::unauthenticated);
  const auto fresh = office.code(office.admin);
  CHECK(office.reset("root", &fresh).ok());
}

TEST_CASE("service: a confirmed generator ends the sign-ins that were not got with it") {
  Proofs office;
  const auto code = office.code(office.alice);
  const auto other = office.login("alice", "password of alice", &code)->secret("token").clone();
  const auto again = office.code(office.alice);
  office.alice.seed = office.unbase32(office.enroll(office.alice, &again)->secret("secret").expose_text());
  auto confirm = office.input(OperationId::otp_confirm);
  confirm.set("otp", office.code(office.alice));
  const auto token = office.web(OperationId::otp_confirm, confirm, &office.alice.token)->secret("token").clone();
  const auto whoami = office.input(OperationId::whoami);
  CHECK(office.web(OperationId::whoami, whoami, &token).ok());
  CHECK(office.web(OperationId::whoami, whoami, &other).code == Errc::unauthenticated);
}

TEST_CASE("service: a request that is refused for another reason leaves its code good") {
  Proofs office;
  office.add_role(office.admin, "ops", "checkout,session", "env=prod");
  office.add_account(office.admin, "web1", "root", "env=prod");
  office.add_account(office.admin, "web2", "root", "env=prod");
  office.assign(office.admin, "ops", "alice");
  const auto bob = office.add_person(office.admin, "bob", "ops");
  REQUIRE(office.checkout(bob, "root@web2").ok());
  const auto code = office.code(office.alice);
  const auto ask = [&](const std::string& account, std::uint64_t seconds, const std::string& reason) {
    auto record = office.input(OperationId::checkout_create);
    record.set("account", account).set("reason", reason).set("seconds", seconds).set("otp", code.clone());
    return office.web(OperationId::checkout_create, record, &office.alice.token);
  };
  CHECK(ask("root@web1", 9 * 3600, "too long").code == Errc::invalid);
  CHECK(ask("root@web1", 600, "   ").code == Errc::invalid);
  CHECK(ask("root@web2", 600, "lent already").code == Errc::conflict);
  const auto taken = must(certs::generate_ssh_key("k")).public_line;
  const auto admins = office.code(office.admin);
  REQUIRE(office.add_key(office.admin, "root", &admins, taken).ok());
  CHECK(office.add_key(office.alice, "alice", &code, taken).code == Errc::exists);
  CHECK(office.add_key(office.alice, "alice", &code, "no key").code == Errc::invalid);
  CHECK(ask("root@web1", 600, "good").ok());
}

TEST_CASE("service: a code with a space in the middle is asked for again and counts as nothing") {
  Proofs office;
  const auto code = office.code(office.alice);
  const auto text = std::string(code.expose_text());
  const auto spaced = secret(text.substr(0, 3) + " " + text.substr(3));
  for (int i = 0; i < 10; ++i) {
    CHECK(office.login("alice", "password of alice", &spaced).code == Errc::invalid);
    const auto answer = office.add_key(office.alice, "alice", &spaced);
    CHECK(answer.code == Errc::invalid);
    CHECK(answer.error.find("six digits") != std::string::npos);
  }
  CHECK(office.login("alice", "password of alice", &code).ok());
}

TEST_CASE("service: strangers' wrong passwords do not keep the owner out of his own place") {
  Proofs office;
  office.source = "2001:db8:1:2::7";
  const auto first = office.code(office.alice);
  REQUIRE(office.login("alice", "password of alice", &first).ok());
  const auto code = office.code(office.alice);
  for (int i = 0; i < 10; ++i) {
    office.source = "198.51.100." + std::to_string(i);
    CHECK(office.login("alice", "a guess").code == Errc::unauthenticated);
  }
  CHECK(office.login("alice", "password of alice", &code).code == Errc::unauthenticated);
  office.source = "2001:db8:1:2:ffff::9";  // another address of his /64
  CHECK(office.login("alice", "password of alice", &code).ok());
}

TEST_CASE("service: whose code is wrong is told the server's time of day") {
  ServiceFixture office;
  const auto admin = office.bootstrap_admin();
  auto record = office.input(OperationId::otp_enroll);
  record.set("otp", secret("000000"));
  const auto refused = office.web(OperationId::otp_enroll, record, &admin.token);
  CHECK(refused.code == Errc::unauthenticated);
  const auto time = base::format_time(office.clock.wall()).substr(11, 8);
  CHECK(refused.error.find("compare your device's clock with the server's: " + time + " UTC") != std::string::npos);
}

TEST_CASE("service: a code from behind a clock that was ahead is good, and an event says how far that clock was off") {
  ServiceFixture office;
  const auto admin = office.bootstrap_admin();
  const auto alice = office.add_person(admin, "alice");
  const auto sign_in = [&] {
    const auto code = office.code(alice);
    return office.login("alice", "password of alice", &code).ok();
  };
  CHECK(std::ranges::count(office.log(), "otp.clock", &ServiceFixture::Line::action) == 0);
  office.clock.jump_wall(std::chrono::hours{1});
  REQUIRE(sign_in());
  office.clock.jump_wall(-std::chrono::hours{1});
  REQUIRE(sign_in());
  const auto log = office.log();
  const auto found = std::ranges::find(log, "otp.clock", &ServiceFixture::Line::action);
  REQUIRE(found != log.end());
  CHECK(found->object == "user:alice");
  CHECK(found->outcome == "failed");
  CHECK(found->detail.starts_with("codes from up to 60 minutes ahead of the present clock were accepted before"));
}

TEST_CASE("service: the event of a sign-in says that an earlier one ended for it") {
  ServiceFixture office;
  const auto admin = office.bootstrap_admin();
  auto bob = office.input(OperationId::user_add);
  bob.set("name", "bob").set("password", secret("password of bob"));
  REQUIRE(office.web(OperationId::user_add, bob, &admin.token).ok());
  const auto ended_another = [&] {
    REQUIRE(office.login("bob", "password of bob").ok());
    const auto last = office.log().back();
    CHECK(last.action == "auth.login");
    return last.detail == "the sign-in that was unused for longest ended";
  };
  for (std::size_t i = 0; i < access::kMaxSignIns; ++i) CHECK_FALSE(ended_another());
  CHECK(ended_another());
}

TEST_CASE("service: the last right to administer is not taken, in whatever way") {
  ServiceFixture office;
  const auto admin = office.bootstrap_admin();
  auto change = office.input(OperationId::role_set);
  change.set("name", "administrator").set("actions", "audit");
  auto removal = office.input(OperationId::role_remove);
  removal.set("name", "administrator");
  auto off = office.input(OperationId::role_unassign);
  off.set("name", "administrator").set("user", "root");
  const auto all = [&] {
    return std::array{office.web(OperationId::role_set, change, &admin.token),
                      office.web(OperationId::role_remove, removal, &admin.token),
                      office.web(OperationId::role_unassign, off, &admin.token)};
  };
  for (const auto& refused : all()) {
    CHECK(refused.code == Errc::conflict);
    CHECK(refused.error.find("nobody could administer") != std::string::npos);
  }
  office.add_role(admin, "second", "administer", "*");
  office.assign(admin, "second", "root");
  CHECK(office.web(OperationId::role_set, change, &admin.token).ok());
}
