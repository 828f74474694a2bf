// What the vault makes of its files when it starts in development, where nobody is there to be asked.
#include "sallyport/app/service.hpp"
#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

struct Start {
  Start() {
    must(vault::Vault::create(config.data, {.development = true}, clock));
    config.dev = true;
  }
  TempDir dir;
  base::SystemClock clock;
  app::ServiceConfig config{.data = dir / "data"};
};

}  // namespace

TEST_CASE("in development a missing store stops the start and is named") {
  const Start start;
  std::filesystem::remove(start.config.data / "vault.db");
  const auto service = app::Service::create(start.config);
  REQUIRE_FALSE(service);
  CHECK(service.error().context().find((start.config.data / "vault.db").string()) != std::string::npos);
}

TEST_CASE("in development a vault without a development key starts sealed") {
  const Start start;
  REQUIRE(must(app::Service::create(start.config))->sealed() == false);
  std::filesystem::remove(start.config.data / "development.key");
  CHECK(must(app::Service::create(start.config))->sealed());
}
