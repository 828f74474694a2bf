// A session that is over: who does not go by himself is made to.
#include <algorithm>

#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

struct Over : Ssh {
  Over() { lend(); }
  /// Takes its connection, as the loop does.
  void hang_up(std::uint64_t id) { service->peer_gone(id, pushes); }
  std::size_t told(std::uint64_t connection) {
    return static_cast<std::size_t>(std::ranges::count_if(pushes, [&](const app::Outgoing& one) {
      if (one.frame.type != app::FrameType::push || one.peer_id != listener_peer) return false;
      if (one.frame.code != static_cast<std::uint16_t>(OperationId::push_over)) return false;
      const auto* row = app::find_operation(OperationId::push_over);
      return must(app::decode(one.frame.payload.view(), row->input)).number("connection") == connection;
    }));
  }
  bool closes(std::uint64_t id) {
    return std::ranges::any_of(
        pushes, [&](const app::Outgoing& one) { return one.peer_id == id && one.then == app::Outgoing::Then::close; });
  }
};

}  // namespace

TEST_CASE("over: the listener is told, once, of a session that has gone, when its process has had time to end") {
  Over ssh;
  const auto id = ssh.recorded(10);
  REQUIRE(ssh.by_id(OperationId::session_terminate, id, ssh.admin.token).ok());
  ssh.tick(base::Seconds{4});
  CHECK_FALSE(ssh.closes(10));
  ssh.tick(base::Seconds{2});
  CHECK(ssh.closes(10));  // it was asked, and does not go
  ssh.hang_up(10);
  ssh.tick(base::Seconds{9});
  CHECK(ssh.told(10) == 0);
  ssh.tick(base::Seconds{2});
  CHECK(ssh.told(10) == 1);
  ssh.tick(base::Seconds{60});
  CHECK(ssh.told(10) == 1);
}

TEST_CASE("over: a session that says it has ended, and stays, is not waited for") {
  Over ssh;
  (void)ssh.recorded(10);
  REQUIRE(ssh.close(10, "the client closed the connection", "truncated").ok());
  ssh.tick(base::Seconds{6});
  CHECK(ssh.closes(10));
}

TEST_CASE("over: so is one that never got as far as a session") {
  Over ssh;
  ssh.connect(11);
  ssh.hang_up(11);
  ssh.tick(base::Seconds{11});
  CHECK(ssh.told(11) == 1);
}

TEST_CASE("over: a credential is not handed out in the batch that takes the right to it away") {
  Over ssh;
  (void)ssh.session(10);
  auto off = ssh.input(OperationId::user_set);
  off.set("name", "alice").set_flag("enabled", false);
  std::vector<app::Request> batch;
  batch.push_back(ssh.request(ssh.peer(PeerKind::web, ssh.web_peer), OperationId::user_set, off, &ssh.admin.token));
  batch.push_back(ssh.request(ssh.peer(PeerKind::session, 10), OperationId::recording_begin,
                              ssh.input(OperationId::recording_begin), nullptr));
  const auto first = batch.front().request_id;
  const auto second = batch.back().request_id;
  const auto answers = ssh.run(std::move(batch));
  CHECK(answers.at(first).ok());
  CHECK(answers.at(second).code == Errc::denied);
}

TEST_CASE("over: nor when the checkout has run out, before the sweep has seen it") {
  Over ssh;
  (void)ssh.session(10);
  ssh.clock.advance(base::Seconds{24 * 3600});
  CHECK_FALSE(ssh.child(10, OperationId::recording_begin, ssh.input(OperationId::recording_begin)).ok());
}
