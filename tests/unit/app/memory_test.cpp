// What a peer sends, or memory that runs out, is an Error: the process goes on and the next request is served.
#include "http_api.hpp"
#include "record_json.hpp"
#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

constexpr std::size_t kLargest = 16U << 10U;  // of a secret

struct Hoard : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice;
  std::string checkout_id;

  Hoard() {
    add_account(admin, "web1", "root", "env=prod");
    add_role(admin, "ops", "checkout,session,reveal", "env=prod");
    alice = add_person(admin, "alice", "ops");
    auto record = input(OperationId::account_secret_set);
    record.set("account", "root@web1").set("secret", secret(std::string(kLargest, 's')));
    (void)*web(OperationId::account_secret_set, record, &admin.token);
    checkout_id = checkout(alice, "root@web1")->text("id");
  }
};

}  // namespace

TEST_CASE("memory: more large reveals in one batch than locked memory can hold are refused, and the vault goes on") {
  Hoard hoard;
  const std::size_t many = 2 * base::LockedMemory::size() / kLargest;
  std::vector<app::Request> batch;
  for (std::size_t i = 0; i < many; ++i) {
    auto record = hoard.input(OperationId::reveal);
    record.set("id", hoard.checkout_id);
    batch.push_back(
        hoard.request(hoard.peer(PeerKind::web, hoard.web_peer), OperationId::reveal, record, &hoard.alice.token));
  }
  std::vector<app::Outgoing> out;
  hoard.service->run_batch(std::move(batch), out);
  REQUIRE(out.size() == many);
  std::size_t shown = 0;
  for (const auto& one : out) {
    if (one.frame.code == 0)
      ++shown;
    else
      CHECK(static_cast<Errc>(one.frame.code) == Errc::unavailable);
  }
  CHECK(shown > 0);
  CHECK(shown < many);
  out.clear();
  CHECK(hoard.by_id(OperationId::reveal, hoard.checkout_id, hoard.alice.token)->secret("secret").size() == kLargest);
}

TEST_CASE("memory: the largest secret, of what JSON writes longest, is shown") {
  const auto* row = app::find_operation(OperationId::reveal);
  for (const char c : {'\x01', '\n', '"', 'a'}) {
    Record record(row->output);
    record.set("account", "root@web1").set("login", "root").set("kind", "unix_password");
    record.set("secret", secret(std::string(kLargest, c)));
    const auto json = app::to_json(record);
    REQUIRE(json);
    const auto answer = app::response({.request_id = "r"}, json.value().view(), json.value().locked());
    CHECK(answer.locked());
    const auto read = app::from_json(json.value().view(), row->output);
    REQUIRE(read);
    CHECK(base::equals_ct(read.value().secret("secret"), record.secret("secret")));
  }
}

TEST_CASE("memory: a secret over its bound is refused where it comes in") {
  Hoard hoard;
  auto record = hoard.input(OperationId::account_secret_set);
  record.set("account", "root@web1").set("secret", secret(std::string(kLargest + 1, 's')));
  CHECK(check(record).error().code() == Errc::invalid);
}
