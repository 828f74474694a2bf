// For whom a batch has something hashed: what the pool's turns and places go by.
#include "batch.hpp"

#include "own_vault.hpp"

using namespace sallyport;
using namespace sallyport::test;
using app::Share;

namespace {

/// The fixture's requests, run by a batch that the test can look into.
struct Hashing : OwnVault {
  app::BatchItem batch(const app::Peer& who, OperationId operation, const Record& record) {
    std::vector<app::BatchItem> items;
    items.push_back({request(who, operation, record, nullptr), nullptr});
    std::vector<app::Outgoing> out;
    app::Batch(state).run(items, out);
    return std::move(items.front());
  }
  Share share(const app::Peer& who, OperationId operation, const Record& record) {
    const auto item = batch(who, operation, record);
    REQUIRE(item.work);
    return item.work->share;
  }
  Share login_from(const std::string& from, const std::string& name) {
    source = from;
    auto record = input(OperationId::login);
    record.set("user", name).set("password", secret("a guess"));
    return share(peer(PeerKind::web, web_peer), OperationId::login, record);
  }
  Share ssh_from(const std::string& from, const std::string& name) {
    constexpr std::uint64_t kConnection = 10;
    state.sessions.remove(kConnection);
    auto begun = input(OperationId::session_register);
    begun.set("source", from).set("port", std::uint64_t{50000});
    batch(peer(PeerKind::ssh, kConnection), OperationId::session_register, begun);
    auto login = input(OperationId::auth_begin);
    login.set("account", "root").set("target", "web1").set("user", name);
    batch(peer(PeerKind::session, kConnection), OperationId::auth_begin, login);
    auto record = input(OperationId::auth_password);
    record.set("password", secret("a guess"));
    return share(peer(PeerKind::session, kConnection), OperationId::auth_password, record);
  }
};

}  // namespace

TEST_CASE("batch: a password is hashed for its network, its address and the name that was given") {
  Hashing vault;
  const auto from = [&](const std::string& address, const std::string& name) {
    const auto share = vault.login_from(address, name);
    CHECK(vault.ssh_from(address, name) == share);
    return share;
  };
  CHECK(from("192.0.2.7", "alice") == Share{"strangers", "192.0.2.0/24", "192.0.2.7", "alice"});
  CHECK(from("192.0.2.8", "bob") == Share{"strangers", "192.0.2.0/24", "192.0.2.8", "bob"});
  CHECK(from("::ffff:192.0.2.7", "alice") == Share{"strangers", "192.0.2.0/24", "192.0.2.7", "alice"});
  CHECK(from("2001:db8:1:2::7", "alice") == Share{"strangers", "2001:db8:1::/48", "2001:db8:1:2::/64", "alice"});
}

TEST_CASE("batch: a source is known where anybody gave both proofs, whatever name is given") {
  Hashing vault;
  auto tx = must(vault.state.vault->begin());
  must(vault::remember_source(tx.sql(), base::UserId::random(), "192.0.2.7", vault.state.now()));
  tx.append({.at = vault.clock.wall(), .actor = "user:alice", .action = "auth.login"});
  must(tx.commit());
  for (const auto* name : {"alice", "nobody"}) {
    CHECK(vault.login_from("192.0.2.7", name) == Share{"known", "192.0.2.0/24", "192.0.2.7", name});
    CHECK(vault.ssh_from("192.0.2.7", name) == Share{"known", "192.0.2.0/24", "192.0.2.7", name});
    CHECK(vault.login_from("192.0.2.8", name)[0] == "strangers");
  }
}

TEST_CASE("batch: what an operator has hashed is in no stranger's share") {
  Hashing vault;
  const auto local = vault.peer(PeerKind::operator_, vault.operator_peer);
  auto first = vault.input(OperationId::user_bootstrap);
  first.set("name", "root").set("password", secret("administrator"));
  CHECK(vault.share(local, OperationId::user_bootstrap, first) == Share{"known", "local", "local", ""});
  vault.state.vault.reset();
  auto unseal = vault.input(OperationId::unseal);
  unseal.set("passphrase", secret("correct horse battery"));
  CHECK(vault.share(local, OperationId::unseal, unseal) == Share{});
}
