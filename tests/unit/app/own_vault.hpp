#pragma once
// The fixture's vault, opened by the test itself, which can then look into what the service keeps to itself.
#include "batch.hpp"
#include "service_fixture.hpp"

namespace sallyport::test {

struct OwnVault : ServiceFixture {
  app::ServiceState state;

  OwnVault() {
    service.reset();  // it has the vault open
    state.clock = &clock;
    state.config = config;
    must(app::open_vault(state, must(vault::unlock_with_development_key(config.data)), "system:vault", "for a test"));
  }
};

}  // namespace sallyport::test
