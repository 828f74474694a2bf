// Every refusal says what was asked for, also when it comes before anybody has looked for it.
#include "asked_object.hpp"

#include "filled.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

bool named(const app::Operation& row) {
  for (const auto& field : row.input) {
    if (field.required && (field.name == "id" || field.name == "account" || field.name == "name")) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("refusals: without a token and without the right, the event of every operation names what was asked for") {
  ServiceFixture office;
  const auto admin = office.bootstrap_admin();
  const auto alice = office.add_person(admin, "alice");
  for (const auto& row : app::operations()) {
    if (row.path.empty() || row.access.who() == app::Access::Who::anyone) continue;
    const auto input = filled(row, {{"name", "wanted"}});
    const auto object = app::asked_object(row, input);
    INFO(row.name << ": " << object);
    CHECK_FALSE(object.empty());
    if (named(row)) {
      const bool names_it =
          object.ends_with(":wanted") || object.ends_with(":root@web1") || object.ends_with(":" + std::string(16, 'a'));
      CHECK(names_it);
    }
    office.clock.advance(base::Seconds{3});  // strangers' refusals are events while they are few
    for (const auto* token : {static_cast<const base::SecretBytes*>(nullptr), &alice.token}) {
      const bool stranger = token == nullptr;
      const auto rule = row.access.who();
      if (!stranger && rule != app::Access::Who::right && rule != app::Access::Who::self_or_right) continue;
      const auto answer = office.web(row.id, input, token);
      CHECK(answer.code == (stranger ? Errc::unauthenticated : Errc::denied));
      const auto last = office.log().back();
      CHECK(last.action == (row.audits.empty() ? row.name : row.audits));
      CHECK(last.outcome == "denied");
      CHECK(last.object == object);
    }
  }
}

TEST_CASE("refusals: an account that may not be lent is named as it was asked for") {
  ServiceFixture office;
  const auto admin = office.bootstrap_admin();
  const auto alice = office.add_person(admin, "alice");
  CHECK(office.checkout(alice, "root@nowhere").code == Errc::denied);
  CHECK(office.log().back().object == "account:root@nowhere");
}
