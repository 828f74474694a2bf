// The permit table over a real Service: who asks what his kind may not ask is ended, and the audit log has it.
#include <unistd.h>

#include <algorithm>

#include "service_fixture.hpp"
#include "vault_loop.hpp"

using namespace sallyport;
using namespace std::chrono_literals;

namespace {

class Handler final : public app::BatchHandler {
 public:
  explicit Handler(app::Service& service) : service_(service) {}
  void run_batch(std::vector<app::Request>&& requests, std::vector<app::Outgoing>& out) override {
    service_.run_batch(std::move(requests), out);
  }
  void run_deferred(std::vector<app::Outgoing>& out) override { service_.run_deferred(out); }
  int wakeup_fd() const override { return service_.wakeup_fd(); }
  void tick(std::vector<app::Outgoing>& out) override { service_.tick(out); }
  void peer_gone(std::uint64_t peer, std::vector<app::Outgoing>& out) override { service_.peer_gone(peer, out); }
  void protocol_violation(const app::Peer& peer, std::uint16_t asked) override {
    service_.protocol_violation(peer, asked);
  }

 private:
  app::Service& service_;
};

}  // namespace

TEST_CASE("a rotator that asks for a seal is ended, the vault stays open, and the audit log names it") {
  test::ServiceFixture office;
  Handler handler(*office.service);
  auto pair = base::socket_pair(true);
  REQUIRE(pair);
  auto listener = app::listen_unix(office.dir / "vault.sock", 0600);
  REQUIRE(listener);
  app::VaultLoop loop(std::move(listener.value()), std::move(pair.value().second), handler, ::geteuid());
  REQUIRE(app::send_control(pair.value().first.get(),
                            {app::ControlType::peer, ::getpid(), ::geteuid(), app::PeerKind::rotator, {}, {}}));
  REQUIRE(loop.turn(0ms));

  auto connection = app::VaultConnection::connect(office.dir / "vault.sock");
  REQUIRE(connection);
  REQUIRE(connection.value().request(app::OperationId::seal, app::Payload()));
  for (int turns = 0; turns < 5; ++turns) REQUIRE(loop.turn(0ms));
  CHECK(loop.connections() == 0);
  CHECK_FALSE(connection.value().on_readable());
  CHECK_FALSE(office.service->sealed());

  const auto log = office.log();
  const auto found =
      std::find_if(log.begin(), log.end(), [](const auto& line) { return line.action == "peer.violation"; });
  REQUIRE(found != log.end());
  CHECK(found->actor == "system:rotator");
  CHECK(found->outcome == "denied");
  CHECK(found->object == "pid:" + std::to_string(::getpid()));
  CHECK(found->detail.find("seal") != std::string::npos);
}
