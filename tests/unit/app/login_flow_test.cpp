#include "login_flow.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using app::LoginFlow;
using State = LoginFlow::State;
using base::Errc;

namespace {

const base::UserId kAlice = base::UserId::random();
const base::Bytes kKey{1, 2, 3};

LoginFlow begun(const std::string& user) {
  LoginFlow flow;
  REQUIRE(flow.begin(user, {"root", "web1"}).has_value());
  return flow;
}

}  // namespace

TEST_CASE("login flow: a key and a code") {
  auto flow = begun("alice");
  REQUIRE(flow.key_proven(kAlice, "alice", kKey).has_value());
  REQUIRE(flow.code_good({}).has_value());
  CHECK(flow.state() == State::proven);
  CHECK(flow.how() == "publickey,otp");
  CHECK(flow.factors().key);
  CHECK(flow.first_proof().key == kKey);
  CHECK(flow.factors().otp.has_value());
}

TEST_CASE("login flow: the key says who, where no name was given") {
  auto flow = begun("");
  REQUIRE(flow.key_proven(kAlice, "alice", kKey).has_value());
  CHECK(flow.user_name() == "alice");
}

TEST_CASE("login flow: a proof of another person is none") {
  auto flow = begun("bob");
  const auto proven = flow.key_proven(kAlice, "alice", kKey);
  REQUIRE_FALSE(proven.has_value());
  CHECK(proven.error().code() == Errc::unauthenticated);
  CHECK(flow.state() == State::named);
}

TEST_CASE("login flow: nothing is taken out of turn") {
  LoginFlow flow;
  CHECK_FALSE(flow.key_proven(kAlice, "alice", kKey).has_value());
  CHECK_FALSE(flow.code_good({}).has_value());
  REQUIRE(flow.begin("alice", {"root", "web1"}).has_value());
  CHECK_FALSE(flow.begin("alice", {"root", "web2"}).has_value());
  CHECK_FALSE(flow.code_good({}).has_value());
  REQUIRE(flow.password_good(kAlice, "alice", access::Salt{}).has_value());
  CHECK_FALSE(flow.password_good(kAlice, "alice", access::Salt{}).has_value());
  CHECK_FALSE(flow.key_offered().has_value());
}

TEST_CASE("login flow: it ends at the last failure and at too many keys") {
  auto flow = begun("alice");
  for (unsigned i = 0; i + 1 < LoginFlow::kMaxFailures; ++i) flow.failed();
  CHECK(flow.state() == State::named);
  flow.failed();
  CHECK(flow.state() == State::ended);
  CHECK_FALSE(flow.password_good(kAlice, "alice", access::Salt{}).has_value());

  auto keys = begun("alice");
  for (unsigned i = 0; i < LoginFlow::kMaxKeysOffered; ++i) REQUIRE(keys.key_offered().has_value());
  CHECK_FALSE(keys.key_offered().has_value());
  CHECK(keys.state() == State::ended);
}
