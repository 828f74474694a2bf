// A code given at sign-in counts for checkouts only where the account's policy says so, and only for so long.
#include "sallyport/vault/account.hpp"
#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

struct Reuse : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice;

  Reuse() {
    add_role(admin, "web-admins", "checkout,session,reveal", "env=prod");
    add_account(admin, "web1", "root", "env=prod");
    alice = add_person(admin, "alice", "web-admins");
  }
  void allow(std::uint64_t seconds) {
    auto record = input(OperationId::account_set);
    record.set("account", "root@web1").set("code_reuse_seconds", seconds).set_flag("exclusive", false);
    (void)*web(OperationId::account_set, record, &admin.token);
  }
  Answer without_code(const std::string& account = "root@web1", std::uint64_t seconds = 600) {
    auto record = input(OperationId::checkout_create);
    record.set("account", account).set("reason", "no code of its own").set("seconds", seconds);
    return web(OperationId::checkout_create, record, &alice.token);
  }
};

}  // namespace

TEST_CASE("service: by default the code of the sign-in counts for one checkout within its minute") {
  Reuse office;
  office.add_account(office.admin, "web2", "root", "env=prod");
  SECTION("for one, which stands for a code at ssh, too") {
    const auto made = office.without_code();
    REQUIRE(made.ok());
    REQUIRE(office.by_id(OperationId::checkin, made->text("id"), office.alice.token).ok());
    CHECK(office.without_code().code == Errc::unauthenticated);
    CHECK(office.log().back().rule == "deny.otp_needed");
    CHECK(office.without_code("root@web2").code == Errc::unauthenticated);
  }
  SECTION("not later") {
    office.clock.advance(base::Seconds{61});
    CHECK(office.without_code().code == Errc::unauthenticated);
  }
  SECTION("a checkout that is refused does not spend it") {
    CHECK(office.without_code("root@web1", 9 * 3600).code == Errc::invalid);
    CHECK(office.without_code().ok());
  }
}

TEST_CASE("service: where the account says so, every checkout takes a code of its own") {
  Reuse office;
  office.allow(0);
  CHECK(office.without_code().code == Errc::unauthenticated);
}

TEST_CASE("service: where the account allows it, the sign-in's code counts, until its time is over") {
  Reuse office;
  office.allow(300);
  CHECK(office.without_code().ok());
  CHECK(office.without_code().code == Errc::conflict);  // he has it; the code was not the matter
  office.clock.advance(base::Seconds{301});
  CHECK(office.without_code().code == Errc::unauthenticated);
}

TEST_CASE("service: longer than 15 minutes can't be allowed") {
  Reuse office;
  auto record = office.input(OperationId::account_set);
  record.set("account", "root@web1");
  CHECK(office.web(OperationId::account_set, record.set("code_reuse_seconds", std::uint64_t{900}), &office.admin.token)
            .ok());
  auto longer = vault::AccountPolicy{};
  longer.code_reuse = base::Seconds{901};
  CHECK_FALSE(vault::check_policy(longer));
}
