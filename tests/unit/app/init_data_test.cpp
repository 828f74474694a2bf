// What `sallyport init` makes, and what it does not.
#include "init_data.hpp"

#include "sallyport/base/clock.hpp"
#include "sallyport/vault/vault.hpp"
#include "support/catch.hpp"
#include "support/domain.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::test;
using app::InitPlan;
using base::Errc;

namespace {

InitPlan plan_for(const std::filesystem::path& data) {
  InitPlan plan;
  plan.data = data;
  plan.development = true;
  plan.admin = "root";
  plan.password = secret("administrator");
  plan.names = {"localhost"};
  return plan;
}

/// As an init that was cut off leaves it: a vault, and nobody who may sign in.
void make_vault_without_user(const std::filesystem::path& data, bool development) {
  const base::SystemClock clock;
  const auto passphrase = secret("correct horse battery");
  must(vault::Vault::create(data, {.passphrase = &passphrase, .cost = {8U << 20U, 1}, .development = development},
                            clock));
}

}  // namespace

TEST_CASE("init: an answer that will not do is refused before anything is written") {
  TempDir dir;
  auto plan = plan_for(dir / "data");
  SECTION("a short password") { plan.password = secret("short"); }
  SECTION("a short passphrase") { plan.passphrase = secret("short"); }
  SECTION("no user's name") { plan.admin = "Not A Name"; }
  SECTION("no server's name") { plan.names = {"not a name"}; }
  CHECK(code_of(app::init_data(plan)) == Errc::invalid);
  CHECK_FALSE(std::filesystem::exists(dir / "data"));
}

TEST_CASE("init: where a key or a certificate can't be written there is no vault, and init works again") {
  TempDir dir;
  const auto plan = plan_for(dir / "data");
  // The last of each: what comes before them is written then.
  const auto* place = GENERATE("tls/server.pem", "ssh/host_rsa");
  INFO("what can't be written: " << place);
  const auto obstacle = plan.data / place;
  std::filesystem::create_directories(obstacle);
  std::filesystem::permissions(plan.data, std::filesystem::perms::owner_all);
  CHECK_FALSE(app::init_data(plan));
  for (const auto* name : {"vault.db", "header"}) CHECK_FALSE(std::filesystem::exists(plan.data / name));
  must(app::check_unused(plan.data));
  std::filesystem::remove(obstacle);
  must(app::init_data(plan));
  CHECK(std::filesystem::is_regular_file(obstacle));
  CHECK(code_of(app::check_no_user(plan)) == Errc::conflict);
}

TEST_CASE("init: a vault that has no user is given its first administrator, once") {
  TempDir dir;
  make_vault_without_user(dir / "data", true);
  CHECK(code_of(app::init_data(plan_for(dir / "data"))) == Errc::exists);
  must(app::check_no_user(plan_for(dir / "data")));
  must(app::add_administrator(plan_for(dir / "data")));
  CHECK(code_of(app::check_no_user(plan_for(dir / "data"))) == Errc::conflict);
  CHECK(code_of(app::add_administrator(plan_for(dir / "data"))) == Errc::conflict);
}

TEST_CASE("init: a vault without a development slot takes its passphrase for that") {
  TempDir dir;
  make_vault_without_user(dir / "data", false);
  auto plan = plan_for(dir / "data");
  CHECK(code_of(app::add_administrator(plan)) == Errc::sealed);
  CHECK(code_of(app::check_no_user(plan)) == Errc::sealed);
  plan.passphrase = secret("wrong horse battery");
  CHECK(code_of(app::add_administrator(plan)) == Errc::denied);
  plan.passphrase = secret("correct horse battery");
  must(app::add_administrator(plan));
}
