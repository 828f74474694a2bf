// Rotations as the rotator sees the Service.
#include "sallyport/rotation/journal.hpp"
#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("rotation: a revealed secret rotates at check-in, and what the rotator proved is what is revealed next") {
  Ssh ssh;
  const auto rotator = ssh.peer(PeerKind::rotator, ssh.rotator_peer);
  const auto next = [&] { return ssh.ask(rotator, OperationId::rotation_next, ssh.input(OperationId::rotation_next)); };
  CHECK_FALSE(next()->has("id"));
  ssh.lend();
  (void)*ssh.by_id(OperationId::reveal, ssh.checkout_id, ssh.alice.token);
  CHECK(ssh.by_id(OperationId::checkin, ssh.checkout_id, ssh.alice.token)->flag("rotation"));
  REQUIRE(ssh.pushed(ssh.rotator_peer, OperationId::push_rotation_work));

  const auto job = next();
  REQUIRE(job->has("id"));
  CHECK(job->secret("current").expose_text() == "the-root-password");
  const std::string fresh(job->secret("pending").expose_text());
  CHECK(fresh.size() >= 12);
  CHECK_FALSE(next()->has("id"));  // it is given out
  CHECK(ssh.checkout(ssh.alice, "root@web1").code == Errc::conflict);

  const auto record = [&](const app::Peer& who, rotation::State state, std::string_view end) {
    auto step = ssh.input(OperationId::rotation_record);
    step.set("id", job->text("id"))
        .set("journal", rotation::encode({.state = state, .applies = 1}))
        .set("outcome", "ok")
        .set("detail", "");
    if (!end.empty()) step.set("end", end);
    return ssh.ask(who, OperationId::rotation_record, step);
  };
  CHECK(record(ssh.peer(PeerKind::rotator, 77), rotation::State::current, "").code == Errc::denied);
  (void)*record(rotator, rotation::State::applying, "");
  (void)*record(rotator, rotation::State::current, "");
  (void)*record(rotator, rotation::State::current, "done");
  ssh.lend();
  CHECK(ssh.by_id(OperationId::reveal, ssh.checkout_id, ssh.alice.token)->secret("secret").expose_text() == fresh);
}

TEST_CASE("rotation: what a dead rotator had is given out again, with the same pending secret") {
  Ssh ssh;
  auto ask_for = ssh.input(OperationId::rotate);
  ask_for.set("account", "root@web1");
  auto set = ssh.input(OperationId::role_set);
  set.set("name", "ops").set("actions", "checkout,session,reveal,rotate");
  (void)*ssh.web(OperationId::role_set, set, &ssh.admin.token);
  (void)*ssh.web(OperationId::rotate, ask_for, &ssh.alice.token);
  const auto take = [&](std::uint64_t id) {
    return ssh.ask(ssh.peer(PeerKind::rotator, id), OperationId::rotation_next, ssh.input(OperationId::rotation_next));
  };
  const auto first = take(20);
  REQUIRE(first->has("id"));
  ssh.service->peer_gone(20, ssh.pushes);
  const auto second = take(21);
  REQUIRE(second->has("id"));
  CHECK(second->text("id") == first->text("id"));
  CHECK(base::equals_ct(second->secret("pending"), first->secret("pending")));
}

TEST_CASE("rotation: one that is in doubt and waits is given out at once when somebody wants the account") {
  Ssh ssh;
  const auto rotator = ssh.peer(PeerKind::rotator, ssh.rotator_peer);
  const auto next = [&] { return ssh.ask(rotator, OperationId::rotation_next, ssh.input(OperationId::rotation_next)); };
  ssh.lend();
  (void)*ssh.by_id(OperationId::reveal, ssh.checkout_id, ssh.alice.token);
  (void)*ssh.by_id(OperationId::checkin, ssh.checkout_id, ssh.alice.token);
  const auto job = next();
  for (int i = 0; i < 7; ++i) {  // its target is away, seven times: more than a minute until the next try
    auto step = ssh.input(OperationId::rotation_record);
    step.set("id", job->text("id"))
        .set("journal", rotation::encode({.state = rotation::State::applying, .applies = 1}));
    step.set("outcome", "unreachable").set("detail", "").set("end", "retry_later");
    (void)*ssh.ask(rotator, OperationId::rotation_record, step);
    if (i < 6) {
      ssh.clock.advance(base::Seconds{120});
      REQUIRE(next()->has("id"));
    }
  }
  CHECK_FALSE(next()->has("id"));
  const auto code = ssh.code(ssh.alice);
  auto wanted = ssh.input(OperationId::checkout_create);
  wanted.set("account", "root@web1").set("reason", "a test").set("otp", code.clone());
  const auto refused = ssh.web(OperationId::checkout_create, wanted, &ssh.alice.token);
  CHECK(refused.code == Errc::conflict);
  CHECK(refused.error.find("in doubt") != std::string::npos);
  ssh.pushes.clear();
  ssh.tick(base::Seconds{1});
  CHECK(ssh.pushed(ssh.rotator_peer, OperationId::push_rotation_work));
  const auto again = next();
  REQUIRE(again->has("id"));
  CHECK(again->text("id") == job->text("id"));
  auto step = ssh.input(OperationId::rotation_record);
  step.set("id", job->text("id")).set("journal", rotation::encode({.state = rotation::State::current, .applies = 1}));
  step.set("outcome", "ok").set("detail", "").set("end", "done");
  (void)*ssh.ask(rotator, OperationId::rotation_record, step);
  CHECK(ssh.web(OperationId::checkout_create, wanted, &ssh.alice.token).ok());  // with the code that was not used up
}
