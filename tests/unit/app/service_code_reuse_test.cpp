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
  Answer without_code() {
    auto record = input(OperationId::checkout_create);
    record.set("account", "root@web1").set("reason", "no code of its own");
    return web(OperationId::checkout_create, record, &alice.token);
  }
};

}  // namespace

TEST_CASE("service: by default every checkout takes a code of its own") {
  Reuse office;
  CHECK(office.without_code().code == Errc::unauthenticated);
  CHECK(office.log().back().rule == "deny.otp_needed");
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
