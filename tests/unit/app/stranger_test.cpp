// What people who have proven nothing can put into the store: a bounded number of events, and a true summary.
#include <algorithm>

#include "sallyport/vault/lockout.hpp"
#include "service_ssh_fixture.hpp"
#include "stranger_budget.hpp"

using namespace sallyport;
using namespace sallyport::test;
using app::StrangerBudget;

namespace {

struct Gate : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice = add_person(admin, "alice");
  const base::SecretBytes bogus = secret(std::string(43, 'A'));

  Gate() { clock.advance(StrangerBudget::kOneMore * StrangerBudget::kAtOnce); }

  void knock(int times, OperationId operation) {
    std::vector<app::Request> batch;
    auto record = input(operation);
    if (operation == OperationId::user_add)
      record.set("name", "mallory").set("password", secret("a long enough password"));
    for (int i = 0; i < times; ++i) batch.push_back(request(peer(PeerKind::web, web_peer), operation, record, &bogus));
    for (const auto& [id, answer] : run(std::move(batch))) CHECK(answer.code == Errc::unauthenticated);
  }
  std::uint64_t size() { return local(OperationId::audit_list, input(OperationId::audit_list))->number("size"); }
};

}  // namespace

TEST_CASE("strangers: a flood of bogus tokens leaves a few events and one that counts the rest, whatever was asked") {
  Gate gate;
  const auto before = gate.size();
  for (int i = 0; i < 10; ++i) {
    gate.knock(100, OperationId::user_add);  // costs a hash, if it comes so far
    gate.knock(50, OperationId::user_list);
  }
  CHECK(gate.size() - before == StrangerBudget::kAtOnce);
  gate.tick(StrangerBudget::kTellEvery + base::Seconds{1});
  const auto last = gate.log().back();
  CHECK(last.action == "refusals.left_out");
  CHECK(last.outcome == "denied");
  CHECK(last.detail == "1480 refusals: user.add 980, user.list 500");
  gate.tick(StrangerBudget::kTellEvery * 2);
  CHECK(gate.log().back().detail == last.detail);
}

TEST_CASE("strangers: wrong passwords share the budget, and are counted against the person all the same") {
  Gate gate;
  gate.knock(100, OperationId::user_list);
  const auto before = gate.size();
  for (int i = 0; i < 5; ++i) CHECK(gate.login("alice", "guess").code == Errc::unauthenticated);
  CHECK(gate.size() == before);
  gate.restart();  // what is known of sources is forgotten, what is in the store is not
  const auto right = vault::hotp(gate.alice.seed, vault::totp_step(gate.clock.wall()) + 1);
  CHECK(gate.login("alice", "password of alice", &right).code == Errc::unauthenticated);
  gate.clock.advance(base::Seconds{31});
  const auto later = gate.code(gate.alice);
  CHECK(gate.login("alice", "password of alice", &later).ok());
}

TEST_CASE("strangers: a wrong code after the right password is always written, until codes are locked") {
  Gate gate;
  gate.knock(100, OperationId::user_list);
  const auto before = gate.size();
  const auto wrong = secret("000000");
  for (unsigned i = 0; i < 2 * vault::kFreeFailures; ++i)
    CHECK(gate.login("alice", "password of alice", &wrong).code == Errc::unauthenticated);
  CHECK(gate.size() - before == vault::kFreeFailures);
  CHECK(gate.log().back().detail.find("one-time code") != std::string::npos);
}

TEST_CASE("strangers: a right password whose code nobody judged is told within the budget") {
  Gate gate;
  auto bob = gate.input(OperationId::user_add);
  bob.set("name", "bob").set("password", secret("password of bob"));
  REQUIRE(gate.web(OperationId::user_add, bob, &gate.admin.token).ok());
  gate.knock(100, OperationId::user_list);
  const auto before = gate.size();
  const auto code = secret("123456");
  for (int i = 0; i < 20; ++i) {
    CHECK(gate.login("alice", "password of alice").code == Errc::unauthenticated);
    CHECK(gate.login("bob", "password of bob", &code).code == Errc::unauthenticated);
  }
  CHECK(gate.size() == before);
}

TEST_CASE("strangers: what ssh refuses is taken from the same budget, and the rest is counted") {
  Ssh ssh;
  ssh.clock.advance(StrangerBudget::kOneMore * StrangerBudget::kAtOnce);
  const auto before = ssh.log().size();
  auto refused = ssh.input(OperationId::auth_begin);
  refused.set("refused", "key_type");
  for (std::uint64_t id = 10; id < 40; ++id) {
    ssh.connect(id);
    CHECK_FALSE(ssh.child(id, OperationId::auth_begin, refused)->flag("accepted"));
  }
  ssh.connect(40);
  REQUIRE(ssh.begin(40, "nobody").ok());
  CHECK_FALSE(ssh.password(40, "a guess")->flag("accepted"));
  CHECK(ssh.log().size() - before == StrangerBudget::kAtOnce);
  CHECK(ssh.log().back().action == "ssh.refused");
  ssh.tick(StrangerBudget::kTellEvery + base::Seconds{1});
  CHECK(ssh.log().back().detail == "11 refusals: ssh.password 1, ssh.refused 10");
}

TEST_CASE("strangers: a wrong code behind a proven key is written however full the budget is") {
  Ssh ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10).ok());
  REQUIRE(ssh.prove_key(10)->text("next") == "grant");  // nothing is lent: the end says so
  ssh.lend();
  ssh.connect(11, "198.51.100.9");
  REQUIRE(ssh.begin(11).ok());
  REQUIRE(ssh.prove_key(11)->text("next") == "otp");
  auto refused = ssh.input(OperationId::auth_begin);
  refused.set("refused", "key_type");
  for (std::uint64_t id = 20; id < 50; ++id) {
    ssh.connect(id);
    (void)ssh.child(id, OperationId::auth_begin, refused);
  }
  const auto before = ssh.log().size();
  CHECK_FALSE(ssh.otp(11, secret("000000"))->flag("accepted"));
  REQUIRE(ssh.log().size() == before + 1);
  CHECK(ssh.log().back().action == "ssh.otp");
}

TEST_CASE("strangers: what a known person is refused is always written") {
  Gate gate;
  gate.knock(100, OperationId::user_list);
  const auto before = gate.size();
  for (int i = 0; i < 30; ++i)
    CHECK(gate.web(OperationId::user_list, gate.input(OperationId::user_list), &gate.alice.token).code == Errc::denied);
  CHECK(gate.size() - before == 30);
}

TEST_CASE("strangers: sealing tells what was left out") {
  Gate gate;
  gate.knock(25, OperationId::user_list);
  REQUIRE(gate.local(OperationId::seal, gate.input(OperationId::seal)).ok());
  gate.restart();
  const auto log = gate.log();
  const auto found = std::ranges::find(log, "refusals.left_out", &ServiceFixture::Line::action);
  REQUIRE(found != log.end());
  CHECK(found->detail == "5 refusals: user.list 5");
}

TEST_CASE("strangers: the budget comes back one at a time and never grows beyond what it was") {
  StrangerBudget budget;
  base::MonoTime now{std::chrono::hours{5}};
  const auto take_all = [&] {
    unsigned count = 0;
    while (budget.take("x", now)) ++count;
    return count;
  };
  CHECK(take_all() == StrangerBudget::kAtOnce);
  now += StrangerBudget::kOneMore * 3;
  CHECK(take_all() == 3);
  now += StrangerBudget::kOneMore / 2;
  CHECK(take_all() == 0);
  now += StrangerBudget::kOneMore / 2;
  CHECK(take_all() == 1);
  now += std::chrono::hours{100};
  CHECK(take_all() == StrangerBudget::kAtOnce);
}

namespace {

/// Sign-ins of a name, each from where it is said.
struct Crowd {
  ServiceFixture& service;
  std::vector<app::Request> batch;

  std::uint64_t knock(const std::string& from, const std::string& name, const std::string& password,
                      const base::SecretBytes* code = nullptr) {
    auto record = ServiceFixture::input(OperationId::login);
    record.set("user", name).set("password", secret(password));
    if (code != nullptr) record.set("otp", code->clone());
    service.source = from;
    batch.push_back(
        service.request(ServiceFixture::peer(PeerKind::web, service.web_peer), OperationId::login, record, nullptr));
    return batch.back().request_id;
  }
  auto answers() { return service.run(std::move(batch)); }
};

auto refused_for_want_of_a_place(const std::map<std::uint64_t, Answer>& answers) {
  return std::ranges::count_if(answers, [](const auto& one) { return one.second.code == Errc::limit; });
}

}  // namespace

TEST_CASE("strangers: a crowd that signs in from one address pushes nobody of another out") {
  ServiceFixture service;
  Crowd crowd{service, {}};
  for (int i = 0; i < 100; ++i) crowd.knock("192.0.2.7", "alice", "a guess");
  const auto other = crowd.knock("198.51.100.1", "alice", "a guess");
  const auto answers = crowd.answers();
  CHECK(refused_for_want_of_a_place(answers) > 0);
  CHECK(answers.at(other).code == Errc::unauthenticated);
}

TEST_CASE("strangers: a crowd of networks keeps nobody out where he signed in before, and is told of in one event") {
  Gate gate;
  const auto code = gate.code(gate.alice);
  Crowd crowd{gate, {}};
  std::uint64_t alice = 0;
  for (int i = 0; i < 240; ++i) {
    crowd.knock("198.51." + std::to_string(i) + ".1", "nobody", "a guess");
    if (i == 80) alice = crowd.knock("192.0.2.7", "alice", "password of alice", &code);
  }
  const auto answers = crowd.answers();
  CHECK(answers.at(alice).ok());
  const auto refused = refused_for_want_of_a_place(answers);
  CHECK(refused > 0);
  gate.tick(StrangerBudget::kTellEvery + base::Seconds{1});
  const auto last = gate.log().back();
  CHECK(last.action == "refusals.left_out");
  CHECK(last.detail.find("too many sign-ins " + std::to_string(refused)) != std::string::npos);
}
