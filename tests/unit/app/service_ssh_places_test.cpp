// How many SSH sessions one person may have: the places are everybody's.
#include <algorithm>

#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

struct FewPlaces : Ssh {
  FewPlaces() {
    config.max_sessions_per_user = 2;
    restart();
    (void)*ask(peer(PeerKind::ssh, listener_peer), OperationId::ssh_listen, input(OperationId::ssh_listen));
    lend();
    recorded(10);
    recorded(11);
  }
  void is_refused(const Answer& answer) {
    CHECK(answer.code == Errc::denied);
    CHECK(answer.error.find("one person may have so many SSH sessions at once: 2; end one of yours first") !=
          std::string::npos);
    const auto last = log().back();
    CHECK(last.outcome == "denied");
    CHECK(last.actor == "user:alice");
    CHECK(last.object == "account:root@web1");
    CHECK(last.rule == "deny.sessions_of_user");
  }
};

}  // namespace

TEST_CASE("ssh: one person takes so many sessions and no more, the refusal is an event, the end of one makes room") {
  FewPlaces ssh;
  ssh.connect(12);
  (void)*ssh.begin(12);
  REQUIRE(ssh.prove_key(12)->text("next") == "grant");
  CHECK(ssh.log().back().rule == "allow.key");
  ssh.is_refused(ssh.grant(12));
  REQUIRE(ssh.close(10, "exit", "complete").ok());
  CHECK(ssh.grant(12).ok());
}

TEST_CASE("ssh: one person takes no more sessions than his in one batch either") {
  FewPlaces ssh;
  REQUIRE(ssh.close(10, "exit", "complete").ok());
  std::vector<app::Request> batch;
  for (std::uint64_t id = 20; id <= 22; ++id) {
    ssh.connect(id);
    (void)*ssh.begin(id);
    REQUIRE(ssh.prove_key(id)->text("next") == "grant");
    batch.push_back(ssh.request(ssh.peer(PeerKind::session, id), OperationId::auth_grant,
                                ssh.input(OperationId::auth_grant), nullptr));
  }
  const auto answers = ssh.run(std::move(batch));
  CHECK(std::ranges::count_if(answers, [](const auto& one) { return one.second.ok(); }) == 1);
}

TEST_CASE("ssh: no code is asked for where a person has all the sessions that he may") {
  FewPlaces ssh;
  ssh.clock.advance(std::chrono::minutes{7});  // the checkout's code counts no more
  ssh.connect(12);
  (void)*ssh.begin(12);
  REQUIRE(ssh.prove_key(12)->text("next") == "grant");
  ssh.is_refused(ssh.grant(12));
}
