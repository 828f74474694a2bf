// What a session's child may tell and ask, and when.
#include "service_ssh_fixture.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("ssh: a child that asks for a channel before its recording has begun is refused, and loses its connection") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  auto record = ssh.input(OperationId::session_channel);
  record.set("channel", std::uint64_t{1}).set("kind", "exec").set("text", base::Bytes{'i', 'd'});
  const auto refused = ssh.child(10, OperationId::session_channel, record);
  CHECK(refused.code == Errc::denied);
  CHECK(refused.then == app::Outgoing::Then::close);
  CHECK(ssh.log().back().action == "session.channel");
  CHECK(ssh.log().back().outcome == "denied");
  CHECK(ssh.log().back().detail.find("channel 1: exec id: the recording of this session has not begun") == 0);
  CHECK(ssh.by_id(OperationId::session_show, id, ssh.admin.token)->text("channels").empty());
}

TEST_CASE("ssh: before its recording has begun a child tells of refusals only") {
  Ssh ssh;
  ssh.lend();
  (void)ssh.session(10);
  const auto tell = [&ssh](const char* word) {
    auto event = ServiceFixture::input(OperationId::session_event);
    event.add("events").set("action", word).set("detail", base::Bytes{'x'}).set_flag("denied", true);
    return ssh.child(10, OperationId::session_event, event);
  };
  CHECK(tell("channel.denied").ok());
  for (const auto* word : {"file", "channel.ended"}) {
    const auto refused = tell(word);
    CHECK(refused.code == Errc::denied);
    CHECK(refused.then == app::Outgoing::Then::close);
    CHECK(ssh.log().back().action == "session.event");
  }
}
