// A store that was put back: told until somebody says that he has looked.
#include <algorithm>

#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

struct PutBack : ServiceFixture {
  PutBack() {
    service.reset();
    std::filesystem::copy_file(config.data / "vault.db", dir / "older");
    start();
    for (int i = 0; i < 5; ++i) (void)*local(OperationId::audit_verify, input(OperationId::audit_verify));
    service.reset();
    for (const char* rest : {"vault.db-wal", "vault.db-shm"}) std::filesystem::remove(config.data / rest);
    std::filesystem::copy_file(dir / "older", config.data / "vault.db",
                               std::filesystem::copy_options::overwrite_existing);
    start();
  }
  Answer status() { return local(OperationId::status, input(OperationId::status)); }
  Answer verify() { return local(OperationId::audit_verify, input(OperationId::audit_verify)); }
  Answer acknowledge(const std::string& reason) {
    auto record = input(OperationId::audit_acknowledge);
    record.set("reason", reason);
    return local(OperationId::audit_acknowledge, record);
  }
  auto suspicions() {
    const auto lines = log();
    return std::ranges::count(lines, "vault.rollback_suspected", &Line::action);
  }
};

}  // namespace

TEST_CASE("rollback: the warning stays in status and audit verify over restarts, and in the log") {
  PutBack store;
  for (int starts = 1; starts <= 3; ++starts) {
    CHECK(store.status()->text("warning").find("older than") != std::string::npos);
    CHECK_FALSE(store.verify()->flag("ok"));
    CHECK(store.verify()->text("problem").find("rollback is suspected") != std::string::npos);
    CHECK(store.suspicions() == starts);
    store.clock.advance(base::Seconds{5});
    store.restart();
  }
}

TEST_CASE("rollback: an operator's acknowledgement is an event and ends the warning for good") {
  PutBack store;
  const auto done = store.acknowledge("restored from Monday's backup");
  CHECK(done->text("warning").find("older than") != std::string::npos);
  CHECK_FALSE(store.status()->has("warning"));
  CHECK(store.verify()->flag("ok"));
  const auto log = store.log();
  const auto event = std::ranges::find(log, "audit.acknowledge", &ServiceFixture::Line::action);
  REQUIRE(event != log.end());
  CHECK(event->actor == "operator:0");
  CHECK(event->detail.find("older than") != std::string::npos);
  CHECK(event->detail.ends_with("; restored from Monday's backup"));
  store.restart();
  CHECK_FALSE(store.status()->has("warning"));
  CHECK(store.acknowledge("again").code == Errc::conflict);
}
