// The authorisation matrix: every operation of the table against every kind of caller. What is expected is computed
// from the row's rule and from what the caller has; what happens comes from the Service.
#include <algorithm>
#include <set>

#include "filled.hpp"

using namespace sallyport;
using namespace sallyport::test;
using app::Access;
using app::Proof;
using app::Right;

namespace {

struct Caller {
  std::string what;
  std::string name;
  const base::SecretBytes* token = nullptr;  ///< null: none is sent
  const ServiceFixture::Person* person = nullptr;
  bool valid = false;          ///< the token is good
  bool with_code = true;       ///< it was got with a one-time code
  std::set<Right> everywhere;  ///< actions about no account
  std::set<Right> on_prod;     ///< actions on accounts with env=prod
};

bool may(const Access& rule, const Caller& caller, bool about_himself) {
  if (rule.who() == Access::Who::anyone) return true;
  if (!caller.valid) return false;
  if (rule.proof() >= Proof::otp && !caller.with_code) return false;
  switch (rule.who()) {
    case Access::Who::signed_in:
      return true;
    case Access::Who::self_or_right:
      return about_himself || caller.everywhere.count(rule.right()) > 0;
    case Access::Who::right:
      return caller.with_code && caller.everywhere.count(rule.right()) > 0;
    case Access::Who::right_on_account:
      return caller.on_prod.count(rule.right()) > 0;
    default:
      return false;
  }
}

/// With objects that are not there where one would be changed, and root@web1 for the account.
Record sample(const app::Operation& row, const std::string& name) {
  const bool removes = row.id == OperationId::account_remove;
  return filled(row, {{"name", name}, {"account", removes ? "no@where" : "root@web1"}});
}

/// Signing in, out and confirming answer with a refusal of their own; they have tests of their own.
bool has_own_tests(OperationId id) {
  return id == OperationId::login || id == OperationId::logout || id == OperationId::otp_confirm;
}

struct World : ServiceFixture {
  Person admin = bootstrap_admin();
  Person plain, ops, lab, auditor, disabled;
  base::SecretBytes password_only, nonsense = secret(std::string(43, 'A'));

  World() {
    add_account(admin, "web1", "root", "env=prod");
    add_role(admin, "ops", "checkout,session,reveal,rotate", "env=prod");
    add_role(admin, "lab", "checkout,session,reveal,rotate", "env=lab");
    plain = add_person(admin, "plain");
    ops = add_person(admin, "ops", "ops");
    lab = add_person(admin, "lab", "lab");
    auditor = add_person(admin, "auditor", "auditor");
    disabled = add_person(admin, "disabled", "ops");
    auto off = input(OperationId::user_set);
    off.set("name", "disabled").set_flag("enabled", false);
    (void)*web(OperationId::user_set, off, &admin.token);
    auto fresh = input(OperationId::user_add);
    fresh.set("name", "fresh").set("password", secret("password of fresh"));
    (void)*web(OperationId::user_add, fresh, &admin.token);
    assign(admin, "administrator", "fresh");
    assign(admin, "ops", "fresh");
    password_only = login("fresh", "password of fresh")->secret("token").clone();
    // The bootstrapped administrator audits as well; here each has one duty.
    auto off_duty = input(OperationId::role_unassign);
    off_duty.set("name", "auditor").set("user", "root");
    (void)*web(OperationId::role_unassign, off_duty, &admin.token);
  }

  std::vector<Caller> callers() {
    const std::set<Right> on_account{Right::checkout, Right::session, Right::reveal, Right::rotate};
    return {{.what = "no token", .name = "x"},
            {.what = "unknown token", .name = "x", .token = &nonsense},
            {.what = "disabled user", .name = "disabled", .token = &disabled.token, .person = &disabled},
            {.what = "password only",
             .name = "fresh",
             .token = &password_only,
             .valid = true,
             .with_code = false,
             .everywhere = {Right::administer},
             .on_prod = on_account},
            {.what = "plain user", .name = "plain", .token = &plain.token, .person = &plain, .valid = true},
            {.what = "wrong label", .name = "lab", .token = &lab.token, .person = &lab, .valid = true},
            {.what = "right label",
             .name = "ops",
             .token = &ops.token,
             .person = &ops,
             .valid = true,
             .on_prod = on_account},
            {.what = "auditor",
             .name = "auditor",
             .token = &auditor.token,
             .person = &auditor,
             .valid = true,
             .everywhere = {Right::audit}},
            {.what = "administrator",
             .name = "root",
             .token = &admin.token,
             .person = &admin,
             .valid = true,
             .everywhere = {Right::administer}}};
  }

  Errc call(const app::Operation& row, const Caller& caller, const std::string& name) {
    auto record = sample(row, name);
    const bool takes_code = std::ranges::any_of(row.input, [](const auto& field) { return field.name == "otp"; });
    if (takes_code && caller.person != nullptr) record.set("otp", code(*caller.person));
    return web(row.id, record, caller.token).code;
  }

  void check_row(const app::Operation& row, const Caller& caller, const std::string& name) {
    INFO(row.name << " by " << caller.what << " about " << name);
    const auto entries = service_log_size();
    const auto code = call(row, caller, name);
    const bool refused = code == Errc::unauthenticated || code == Errc::denied;
    const bool expected = may(row.access, caller, name == caller.name);
    if (row.id == OperationId::reveal && caller.valid && caller.with_code) {
      CHECK(code == Errc::not_found);  // nobody has a checkout of that id: nothing is told of others
      return;
    }
    CHECK(refused != expected);
    if (!caller.valid && !expected) CHECK(code == Errc::unauthenticated);
    if (refused && caller.valid) CHECK(service_log_size() > entries);
  }
  std::uint64_t service_log_size() {
    return local(OperationId::audit_list, input(OperationId::audit_list))->number("size");
  }
};

}  // namespace

TEST_CASE("authorisation: every operation answers every kind of caller as its row says", "[matrix]") {
  World world;
  for (const auto& caller : world.callers()) {
    for (const auto& row : app::operations()) {
      if (row.path.empty() || has_own_tests(row.id)) continue;
      world.check_row(row, caller, "nobody");
      if (row.access.who() == Access::Who::self_or_right && caller.valid) world.check_row(row, caller, caller.name);
    }
  }
}

TEST_CASE("authorisation: an expired token opens nothing", "[matrix]") {
  World world;
  world.clock.advance(world.config.token_life + base::Seconds{1});
  for (auto caller : world.callers()) {
    caller.valid = false;
    for (const auto& row : app::operations()) {
      if (!row.path.empty() && !has_own_tests(row.id)) world.check_row(row, caller, "nobody");
    }
  }
}

TEST_CASE("authorisation: a row whose rule were dropped would be noticed", "[matrix]") {
  // may() and the Service read the same rule; that they are not both blind is seen where a rule is known by heart.
  World world;
  const auto callers = world.callers();
  const auto find = [&](std::string_view what) {
    return *std::find_if(callers.begin(), callers.end(), [&](const auto& c) { return c.what == what; });
  };
  CHECK(world.call(*app::find_operation(OperationId::user_list), find("plain user"), "nobody") == Errc::denied);
  CHECK(world.call(*app::find_operation(OperationId::recording_open), find("administrator"), "nobody") == Errc::denied);
  CHECK(world.call(*app::find_operation(OperationId::user_add), find("auditor"), "nobody") == Errc::denied);
  CHECK(world.call(*app::find_operation(OperationId::checkout_create), find("wrong label"), "nobody") == Errc::denied);
  CHECK(world.call(*app::find_operation(OperationId::checkout_create), find("password only"), "nobody") ==
        Errc::unauthenticated);
}
