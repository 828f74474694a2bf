// What the Service calls a session's recording, and what it signs and lends of it.
#include <algorithm>

#include "sallyport/base/crypto.hpp"
#include "sallyport/recorder/container.hpp"
#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("ssh: a checkpoint is signed for this session's chain, and a close keeps the recording's end") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  auto record = ssh.input(OperationId::session_checkpoint);
  record.set("sequence", std::uint64_t{4}).set("hash", base::Bytes(32, 7));
  const auto signed_ = ssh.child(10, OperationId::session_checkpoint, record);
  const auto opened = ssh.by_id(OperationId::recording_open, id, ssh.admin.token);
  base::PublicKey signer{};
  std::copy_n(opened->bytes("signer").begin(), 32, signer.begin());
  base::Signature signature{};
  std::copy_n(signed_->bytes("signature").begin(), 64, signature.begin());
  recorder::Mark mark{4, {}};
  mark.hash.fill(7);
  CHECK(base::verify(signer, recorder::checkpoint_message(must(base::SessionId::parse(id)), mark), signature));
  CHECK_FALSE(ssh.child(10, OperationId::session_checkpoint, record).ok());  // never backwards

  auto close = ssh.input(OperationId::session_close);
  close.set("reason", "exit")
      .set("recording", "complete")
      .set("bytes", std::uint64_t{9})
      .set("duration_ms", std::uint64_t{8})
      .set("chunks", std::uint64_t{6});
  close.set("sequence", std::uint64_t{5}).set("hash", base::Bytes(32, 9));
  REQUIRE(ssh.child(10, OperationId::session_close, close).ok());
  ssh.service->peer_gone(10, ssh.pushes);
  const auto ended = ssh.by_id(OperationId::recording_open, id, ssh.admin.token);
  CHECK(ended->text("recording") == "complete");
  CHECK(ended->number("end_sequence") == 5);
}

TEST_CASE("ssh: a session that closes without its recording's end is a failure in the audit log") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  REQUIRE(ssh.close(10, "it could not be recorded", "truncated").ok());
  const auto last = ssh.log().back();
  CHECK(last.action == "session.end");
  CHECK(last.outcome == "failed");
  CHECK(last.detail.find("it could not be recorded; recording truncated") != std::string::npos);
  CHECK(ssh.state_of(id) == "truncated");
}

TEST_CASE("ssh: a recording is called complete only by who knows its end") {
  Ssh ssh;
  ssh.lend();
  (void)ssh.session(10);
  auto close = ssh.input(OperationId::session_close);
  close.set("reason", "exit").set("bytes", std::uint64_t{9});
  close.set("duration_ms", std::uint64_t{0}).set("chunks", std::uint64_t{0});
  for (const auto* state : {"complete", "gap", "missing", "recording"}) {
    close.set("recording", state);
    CHECK_FALSE(ssh.child(10, OperationId::session_close, close).ok());
  }
}

TEST_CASE("ssh: below the floor of room for recordings no session starts, and the log says so") {
  Ssh ssh;
  ssh.lend();
  ssh.config.recording_floor = UINT64_MAX;
  ssh.restart();
  REQUIRE(
      ssh.ask(ssh.peer(PeerKind::ssh, ssh.listener_peer), OperationId::ssh_listen, ssh.input(OperationId::ssh_listen))
          .ok());
  ssh.connect(10);
  REQUIRE(ssh.begin(10).ok());
  REQUIRE(ssh.prove_key(10)->text("next") == "grant");
  CHECK(ssh.grant(10).code == Errc::unavailable);
  CHECK_FALSE(ssh.pushed(ssh.listener_peer, OperationId::push_dial));
  CHECK(ssh.log().back().detail.find("no room for recordings") != std::string::npos);
}

TEST_CASE("ssh: a child that is gone without a word leaves a truncated recording and an event") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  CHECK(ssh.state_of(id) == "recording");
  ssh.service->peer_gone(10, ssh.pushes);
  CHECK(ssh.log().back().action == "session.end");
  CHECK(ssh.state_of(id) == "truncated");
  CHECK(ssh.by_id(OperationId::session_terminate, id, ssh.admin.token).code == Errc::conflict);
}

TEST_CASE("ssh: sessions that a dead vault left are closed at the next start, without a file as missing") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  ssh.restart();
  CHECK(ssh.state_of(id) == "missing");
}

TEST_CASE("ssh: a session that ended before its recording began has none, however it ended") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  SECTION("refused: the child says so") { REQUIRE(ssh.close(10, "the target can't be reached", "none").ok()); }
  SECTION("by a child of another mind") { REQUIRE(ssh.close(10, "it went well", "complete").ok()); }
  SECTION("its process went away") { ssh.service->peer_gone(10, ssh.pushes); }
  SECTION("an auditor ended it, and it lingered") {
    REQUIRE(ssh.by_id(OperationId::session_terminate, id, ssh.admin.token).ok());
    ssh.service->peer_gone(10, ssh.pushes);
  }
  SECTION("the vault was sealed") {
    REQUIRE(ssh.local(OperationId::seal, ssh.input(OperationId::seal)).ok());
    ssh.restart();
  }
  SECTION("the vault crashed") { ssh.restart(); }
  CHECK(ssh.state_of(id) == "none");
  const auto log = ssh.log();
  const auto end = std::ranges::find(log, "session.end", &ServiceFixture::Line::action);
  REQUIRE(end != log.end());
  CHECK(end->detail.ends_with("none"));
}

TEST_CASE("ssh: a recording that has begun is never called none") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  REQUIRE(ssh.close(10, "there was nothing", "none").ok());
  CHECK(ssh.state_of(id) == "truncated");
}

TEST_CASE("ssh: a recording's opening says what for") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  (void)*ssh.by_id(OperationId::recording_open, id, ssh.admin.token);
  CHECK(ssh.log().back().detail == "for a purpose that was not said");
  auto record = ssh.input(OperationId::recording_open);
  record.set("id", id).set("purpose", "export");
  (void)*ssh.web(OperationId::recording_open, record, &ssh.admin.token);
  CHECK(ssh.log().back().detail == "said: to export");
  CHECK(ssh.log().back().object == "recording:" + id);
}
