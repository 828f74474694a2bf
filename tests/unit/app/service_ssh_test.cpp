// SSH sessions as the listener and a session's child see the Service.
#include <algorithm>

#include "sallyport/base/crypto.hpp"
#include "sallyport/recorder/container.hpp"
#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("ssh: with a fresh checkout a key is enough, the listener dials, the child gets the credential") {
  Ssh ssh;
  ssh.lend();
  ssh.connect(10);
  REQUIRE(ssh.begin(10)->text("next") == "first");
  auto offered = ssh.input(OperationId::auth_key);
  offered.set("key", ssh.key);
  CHECK(ssh.child(10, OperationId::auth_key, offered)->flag("accepted"));
  REQUIRE(ssh.prove_key(10)->text("next") == "grant");
  const auto grant = ssh.grant(10);
  CHECK(grant->secret("credential").expose_text() == "the-root-password");
  CHECK(grant->secret("data_key").size() == 32);
  CHECK(grant->list("host_keys").size() == 1);
  CHECK(grant->text("channels") == "shell,exec,sftp,scp");
  CHECK(grant->number("ends_in_ms") <= 600'000);
  REQUIRE(ssh.pushed(ssh.listener_peer, OperationId::push_dial));
  const auto dial =
      must(decode(ssh.pushes.back().frame.payload.view(), app::find_operation(OperationId::push_dial)->input));
  CHECK(dial.text("host") == "127.0.0.1");
  CHECK(dial.number("connection") == 10);
  CHECK(dial.text("file") == std::string(grant->text("session")) + ".spr");
}

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

TEST_CASE("ssh: a session's child can give none of the vault's events for its own") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  const auto event_of = [](const char* word) {
    auto event = ServiceFixture::input(OperationId::session_event);
    event.add("events").set("action", word).set("detail", base::Bytes{'x'}).set_flag("denied", false);
    return event;
  };
  for (const auto* word : {"exec", "channel.ended", "channel.denied", "file", "events"}) {
    REQUIRE(ssh.child(10, OperationId::session_event, event_of(word)).ok());
    CHECK(ssh.log().back().action == std::string("session.") + word);
    CHECK(ssh.log().back().object == "session:" + id);
  }
  for (const auto* word : {"open", "end", "revoke", "freeze", "terminate", "", "exec ", "exec x"}) {
    const auto answer = ssh.child(10, OperationId::session_event, event_of(word));
    CHECK_FALSE(answer.ok());
    CHECK(answer.then == app::Outgoing::Then::close);
    CHECK(ssh.log().back().action == "session.event");
    CHECK(ssh.log().back().outcome == "failed");
  }
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

TEST_CASE("ssh: without a checkout there is no session, whatever was proven") {
  Ssh ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "grant");  // a code would not help
  CHECK(ssh.grant(10).code == Errc::conflict);
  REQUIRE(ssh.otp(10, ssh.code(ssh.alice))->text("next") == "grant");
  CHECK(ssh.grant(10).code == Errc::conflict);
  CHECK(ssh.log().back().rule == "deny.checkout_needed");
  CHECK_FALSE(ssh.pushed(ssh.listener_peer, OperationId::push_dial));
}

TEST_CASE("ssh: a checkout from elsewhere, or of long ago, does not stand for a code") {
  Ssh ssh;
  ssh.lend();
  SECTION("elsewhere") { ssh.connect(10, "198.51.100.9"); }
  SECTION("long ago") {
    ssh.clock.advance(ssh.config.otp_window + base::Seconds{1});
    ssh.connect(10);
  }
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "otp");
  CHECK_FALSE(ssh.grant(10).ok());  // asking all the same does not help
  REQUIRE(ssh.otp(10, ssh.code(ssh.alice))->text("next") == "grant");
  CHECK(ssh.grant(10).ok());
}

TEST_CASE("ssh: a proven key and then a code are kept out by nobody's guesses") {
  Ssh ssh;
  ssh.lend();
  ssh.clock.advance(ssh.config.otp_window + base::Seconds{1});
  std::uint64_t id = 100;
  for (int i = 0; i < 8; ++i) {  // strangers with the password guess codes, others guess passwords
    ssh.connect(++id, "198.51.100." + std::to_string(i));
    REQUIRE(ssh.begin(id).ok());
    if (ssh.password(id, "password of alice")->text("next") == "otp")
      CHECK_FALSE(ssh.otp(id, secret("000000"))->flag("accepted"));
    ssh.connect(++id, "198.51.100.1" + std::to_string(i));
    REQUIRE(ssh.begin(id).ok());
    CHECK_FALSE(ssh.password(id, "a guess")->flag("accepted"));
  }
  ssh.connect(10, "203.0.113.5");
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "otp");
  CHECK(ssh.otp(10, ssh.code(ssh.alice))->text("next") == "grant");
  CHECK(ssh.grant(10).ok());
}

TEST_CASE("ssh: no code is asked for, or used up, where no session could start with it") {
  Ssh ssh;
  ssh.lend();
  const auto unpin = [&] {
    auto show = ssh.input(OperationId::target_show);
    show.set("name", "web1");
    const auto target = ssh.web(OperationId::target_show, show, &ssh.admin.token);
    auto remove = ssh.input(OperationId::target_key_remove);
    remove.set("name", "web1").set("fingerprint", target->list("host_keys")[0].text("fingerprint"));
    REQUIRE(ssh.web(OperationId::target_key_remove, remove, &ssh.admin.token).ok());
  };
  const auto pin = [&] {
    auto add = ssh.input(OperationId::target_key_add);
    add.set("name", "web1").set("key", kHostKey);
    REQUIRE(ssh.web(OperationId::target_key_add, add, &ssh.admin.token).ok());
  };
  ssh.connect(10, "198.51.100.9");
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "otp");
  unpin();
  const auto code = ssh.code(ssh.alice);
  CHECK(ssh.otp(10, code.clone())->text("next") == "grant");
  CHECK(ssh.grant(10).error.find("no host key") != std::string::npos);
  ssh.connect(11, "198.51.100.9");
  REQUIRE(ssh.begin(11).ok());
  CHECK(ssh.prove_key(11)->text("next") == "grant");
  pin();
  ssh.connect(12, "198.51.100.9");
  REQUIRE(ssh.begin(12).ok());
  CHECK(ssh.prove_key(12)->text("next") == "otp");
  CHECK(ssh.otp(12, code.clone())->flag("accepted"));
  CHECK(ssh.grant(12).ok());
}

TEST_CASE("ssh: a code with a space in the middle is asked for again and counts as nothing") {
  Ssh ssh;
  ssh.lend();
  ssh.connect(10, "198.51.100.9");
  REQUIRE(ssh.begin(10).ok());
  REQUIRE(ssh.prove_key(10)->text("next") == "otp");
  for (int i = 0; i < 10; ++i) {
    const auto again = ssh.otp(10, secret("123 456"));
    CHECK_FALSE(again->flag("accepted"));
    CHECK(again->text("next") == "otp");
    CHECK(again->text("message").find("six digits") != std::string_view::npos);
  }
  CHECK(ssh.otp(10, ssh.code(ssh.alice))->flag("accepted"));
}

TEST_CASE("ssh: a wrong password, an unknown user and a user without a password are answered alike") {
  Ssh ssh;
  ssh.lend();
  ssh.connect(10);
  ssh.connect(11);
  REQUIRE(ssh.begin(10, "alice").ok());
  REQUIRE(ssh.begin(11, "mallory").ok());
  const auto wrong = ssh.password(10, "not this");
  const auto unknown = ssh.password(11, "not this");
  CHECK(encode(*wrong).value().size() == encode(*unknown).value().size());
  CHECK_FALSE(wrong->flag("accepted"));
  CHECK_FALSE(unknown->flag("accepted"));
  CHECK(unknown->text("next") == "first");
  CHECK(ssh.password(10, "password of alice")->text("next") == "grant");
}

TEST_CASE("ssh: the sixth failure ends the sign-in") {
  Ssh ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10, "mallory").ok());
  for (int i = 0; i < 5; ++i) CHECK(ssh.password(10, "guess")->text("next") == "first");
  CHECK(ssh.password(10, "guess")->text("next") == "end");
  CHECK(ssh.password(10, "guess").code == Errc::conflict);
}

TEST_CASE("ssh: an account that is not there is refused like one that is not open") {
  Ssh ssh;
  ssh.add_account(ssh.admin, "db1", "root", "env=lab");
  const auto refused = [&](std::uint64_t id, const std::string& target) {
    ssh.connect(id);
    REQUIRE(ssh.begin(id, "alice", target).ok());
    const std::string next(ssh.prove_key(id)->text("next"));
    const auto answer = ssh.grant(id);
    CHECK(answer.code == Errc::denied);
    return next + ": " + answer.error;
  };
  CHECK(refused(10, "nowhere") == refused(11, "db1"));
}

TEST_CASE("ssh: a session ends with its checkout, within the same batch") {
  Ssh ssh;
  ssh.lend();
  (void)ssh.session(10);
  SECTION("given back") { (void)*ssh.by_id(OperationId::checkin, ssh.checkout_id, ssh.alice.token); }
  SECTION("revoked by an administrator") { (void)*ssh.by_id(OperationId::checkin, ssh.checkout_id, ssh.admin.token); }
  SECTION("run out") { ssh.tick(base::Seconds{601}); }
  SECTION("user disabled") {
    auto off = ssh.input(OperationId::user_set);
    off.set("name", "alice").set_flag("enabled", false);
    (void)*ssh.web(OperationId::user_set, off, &ssh.admin.token);
  }
  SECTION("role taken") {
    auto off = ssh.input(OperationId::role_unassign);
    off.set("name", "ops").set("user", "alice");
    (void)*ssh.web(OperationId::role_unassign, off, &ssh.admin.token);
  }
  SECTION("role narrowed") {
    auto off = ssh.input(OperationId::role_set);
    off.set("name", "ops").set("labels", "env=lab");
    (void)*ssh.web(OperationId::role_set, off, &ssh.admin.token);
  }
  SECTION("sealed") { (void)*ssh.local(OperationId::seal, ssh.input(OperationId::seal)); }
  CHECK(ssh.pushed(10, OperationId::push_end));
}

TEST_CASE("ssh: an unrelated change ends nobody's session") {
  Ssh ssh;
  ssh.lend();
  (void)ssh.session(10);
  ssh.add_role(ssh.admin, "other", "audit", "*");
  auto set = ssh.input(OperationId::role_set);
  set.set("name", "other").set("actions", "audit,reveal");
  (void)*ssh.web(OperationId::role_set, set, &ssh.admin.token);
  CHECK_FALSE(ssh.pushed(10, OperationId::push_end));
}

TEST_CASE("ssh: an auditor freezes, thaws and ends a session") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  CHECK(ssh.by_id(OperationId::session_freeze, id, ssh.admin.token)->flag("frozen"));
  CHECK(ssh.pushed(10, OperationId::push_freeze));
  CHECK_FALSE(ssh.by_id(OperationId::session_thaw, id, ssh.admin.token)->flag("frozen"));
  CHECK(ssh.pushed(10, OperationId::push_thaw));
  REQUIRE(ssh.by_id(OperationId::session_terminate, id, ssh.admin.token).ok());
  CHECK(ssh.pushed(10, OperationId::push_end));
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

TEST_CASE("ssh: without a listener nothing is granted, and a failed dial ends the session") {
  Ssh ssh;
  ssh.lend();
  SECTION("no listener") {
    ssh.service->peer_gone(ssh.listener_peer, ssh.pushes);
    ssh.connect(10);
    REQUIRE(ssh.begin(10).ok());
    REQUIRE(ssh.prove_key(10).ok());
    CHECK(ssh.grant(10).code == Errc::unavailable);
  }
  SECTION("dial failed") {
    const auto id = ssh.session(10);
    auto record = ssh.input(OperationId::dial_failed);
    record.set("session", id).set("reason", "connection refused");
    REQUIRE(ssh.ask(ssh.peer(PeerKind::ssh, ssh.listener_peer), OperationId::dial_failed, record).ok());
    CHECK(ssh.pushed(10, OperationId::push_end));
  }
}

TEST_CASE("ssh: whatever words a failed dial brings, the session is told and the vault goes on") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  std::string reason = "x";
  while (reason.size() < 500) reason += "\u00e9";
  auto record = ssh.input(OperationId::dial_failed);
  record.set("session", id).set("reason", reason);
  REQUIRE(ssh.ask(ssh.peer(PeerKind::ssh, ssh.listener_peer), OperationId::dial_failed, record).ok());
  CHECK(ssh.pushed(10, OperationId::push_end));
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
  CHECK(ssh.log().back().detail == "to export");
  CHECK(ssh.log().back().object == "recording:" + id);
}

TEST_CASE("ssh: signing in takes no longer than the grace") {
  Ssh ssh;
  ssh.connect(10);
  ssh.tick(ssh.config.login_grace + base::Seconds{1});
  REQUIRE(ssh.pushed(10, OperationId::push_end));
  CHECK(ssh.pushes.back().then == app::Outgoing::Then::close);
}

TEST_CASE("ssh: what a session tells is in the log, in order and escaped once") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  auto record = ssh.input(OperationId::session_event);
  for (const std::string text : {"echo a\\b", "echo \x1b[2J\xff"}) {
    const auto bytes = base::as_bytes(text);
    record.add("events")
        .set("action", "exec")
        .set("detail", base::Bytes(bytes.begin(), bytes.end()))
        .set_flag("denied", false);
  }
  REQUIRE(ssh.child(10, OperationId::session_event, record).ok());
  const auto log = ssh.log();
  REQUIRE(log.size() >= 2);
  CHECK(log[log.size() - 2].detail == "echo a\\\\b");
  CHECK(log.back().detail == "echo \\x1b[2J\\xff");
  CHECK(log.back().action == "session.exec");
  CHECK(log.back().object == "session:" + id);
}

TEST_CASE("ssh: refused names, signatures and passwords leave an event with the name as written and the rule") {
  Ssh ssh;
  const auto last = [&ssh] { return ssh.log().back(); };
  const auto written = [](std::string_view text) {
    const auto bytes = base::as_bytes(text);
    return base::Bytes(bytes.begin(), bytes.end());
  };
  SECTION("a name that is none: once a connection") {
    ssh.connect(10);
    auto record = ssh.input(OperationId::auth_begin);
    record.set("written", written("ALICE\x1b[2J\\x"));
    CHECK_FALSE(ssh.child(10, OperationId::auth_begin, record)->flag("accepted"));
    CHECK(last().action == "ssh.refused");
    CHECK(last().rule == "deny.login_name");
    CHECK(last().outcome == "denied");
    CHECK(last().detail == "login \"ALICE\\x1b[2J\\\\x\": it names no account on a target");
    const auto size = ssh.log().size();
    CHECK_FALSE(ssh.password(10, "anything at all")->flag("accepted"));
    CHECK_FALSE(ssh.prove_key(10)->flag("accepted"));
    CHECK(ssh.log().size() == size);
  }
  SECTION("a signature without a question before it") {
    ssh.connect(10);
    auto begun = ssh.input(OperationId::auth_begin);
    begun.set("user", "bob").set("account", "root").set("target", "web1");
    REQUIRE(ssh.child(10, OperationId::auth_begin, begun).ok());
    auto proven = ssh.input(OperationId::auth_key_proven);
    proven.set("key", ssh.key).set("written", written("bob@root@web1"));
    CHECK_FALSE(ssh.child(10, OperationId::auth_key_proven, proven)->flag("accepted"));
    CHECK(last().action == "ssh.key");
    CHECK(last().rule == "deny.key");
    CHECK(last().detail.starts_with("login \"bob@root@web1\": signed with SHA256:"));
  }
  SECTION("a password, and the address that has to wait hears so") {
    std::string told;
    for (std::uint64_t id = 10; id < 30 && told.empty(); ++id) {
      ssh.connect(id);
      REQUIRE(ssh.begin(id, "nobody").ok());
      auto record = ssh.input(OperationId::auth_password);
      record.set("password", secret("a wrong password")).set("written", written("nobody+root+web1"));
      const auto refused = ssh.child(id, OperationId::auth_password, record);
      CHECK_FALSE(refused->flag("accepted"));
      told = refused->text("message");
    }
    CHECK(told.find("wrong passwords came from your address") != std::string::npos);
    CHECK(last().action == "ssh.password");
    CHECK(last().rule == "deny.password");
    CHECK(last().detail.starts_with("login \"nobody+root+web1\": "));
  }
  SECTION("what the child refuses by itself") {
    ssh.connect(10);
    auto record = ssh.input(OperationId::auth_begin);
    record.set("refused", "key_type").set("written", written("alice+root+web1"));
    REQUIRE(ssh.child(10, OperationId::auth_begin, record).ok());
    CHECK(last().rule == "deny.key_type");
    for (int i = 0; i < 20; ++i) (void)ssh.child(10, OperationId::auth_begin, record);
    CHECK(std::ranges::count(ssh.log(), "deny.key_type", &ServiceFixture::Line::rule) == 6);
    CHECK(last().action == "ssh.refused");
    record.set("refused", "allow.everything");
    CHECK(ssh.child(10, OperationId::auth_begin, record).code == Errc::invalid);
  }
}

TEST_CASE("ssh: an empty code is no wrong code") {
  Ssh ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10)->text("next") == "first");
  REQUIRE(ssh.prove_key(10)->flag("accepted"));
  const auto nothing = secret("");
  for (int i = 0; i < 10; ++i) CHECK(ssh.otp(10, nothing).code == Errc::invalid);
  const auto code = ssh.code(ssh.alice);
  CHECK(ssh.otp(10, code)->flag("accepted"));
}

TEST_CASE("ssh: whoever is frozen or ended is told so with the auditor's reason, and the log has it") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  const auto told = [&ssh](OperationId what) {
    return std::string(
        must(decode(ssh.pushes.back().frame.payload.view(), app::find_operation(what)->input)).text("reason"));
  };
  auto freeze = ssh.input(OperationId::session_freeze);
  freeze.set("id", id).set("reason", std::string(256, 'r'));
  CHECK(ssh.web(OperationId::session_freeze, freeze, &ssh.admin.token)->flag("frozen"));
  CHECK(told(OperationId::push_freeze) ==
        "An auditor froze this session, what you type waits: " + std::string(256, 'r'));
  CHECK(ssh.log().back().detail.ends_with("rrr"));
  auto end = ssh.input(OperationId::session_terminate);
  end.set("id", id).set("reason", "not agreed");
  REQUIRE(ssh.web(OperationId::session_terminate, end, &ssh.admin.token).ok());
  CHECK(told(OperationId::push_end) == "An auditor ended this session: not agreed");
  CHECK(ssh.log().back().detail == "alice on root@web1: not agreed");
}
