// What one checkout and its check-in cost the vault process, without sockets: unit_app "[.bench]".
#include <chrono>
#include <iostream>

#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

constexpr int kClients = 64;

struct Load : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice;
  Load() {
    add_role(admin, "ops", "checkout,session", "*");
    add_account(admin, "web1", "root", "env=prod");
    alice = add_person(admin, "alice", "ops");
    for (int i = 0; i < kClients; ++i) {
      auto record = input(OperationId::account_add);
      record.set("account", name(i)).set("kind", "unix_password").set("secret", secret("password of load"));
      record.set("code_reuse_seconds", std::uint64_t{900});
      (void)*web(OperationId::account_add, record, &admin.token);
    }
  }
  static std::string name(int i) { return "load" + std::to_string(i) + "@web1"; }
  std::map<std::uint64_t, Answer> batch(OperationId operation, const std::vector<std::string>& about) {
    std::vector<app::Request> requests;
    for (const auto& one : about) {
      auto record = input(operation);
      if (operation == OperationId::checkin)
        record.set("id", one);
      else
        record.set("account", one).set("reason", "load");
      requests.push_back(request(peer(PeerKind::web, web_peer), operation, record, &alice.token));
    }
    return run(std::move(requests));
  }
};

}  // namespace

TEST_CASE("service bench: batches of 64 checkouts and check-ins", "[.bench]") {
  Load load;
  std::vector<std::string> accounts;
  for (int i = 0; i < kClients; ++i) accounts.push_back(Load::name(i));
  int pairs = 0;
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::duration<double> passed{};
  while (passed.count() < 5) {
    std::vector<std::string> ids;
    for (const auto& [id, answer] : load.batch(OperationId::checkout_create, accounts))
      ids.emplace_back(answer->text("id"));
    for (const auto& [id, answer] : load.batch(OperationId::checkin, ids)) REQUIRE(answer.ok());
    pairs += kClients;
    passed = std::chrono::steady_clock::now() - begin;
  }
  std::cout << pairs / passed.count() << " checkouts with check-ins a second\n";
}
