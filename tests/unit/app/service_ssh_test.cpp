// SSH sessions as the listener and a session's child see the Service.
#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE(
    "ssh: with a fresh checkout a key is enough, the listener dials, the child gets the credential when it records") {
  Ssh ssh;
  ssh.lend();
  ssh.connect(10);
  REQUIRE(ssh.begin(10)->text("next") == "first");
  auto offered = ssh.input(OperationId::auth_key);
  offered.set("key", ssh.key);
  CHECK(ssh.child(10, OperationId::auth_key, offered)->flag("accepted"));
  REQUIRE(ssh.prove_key(10)->text("next") == "grant");
  const auto grant = ssh.grant(10);
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
  const auto begun = ssh.child(10, OperationId::recording_begin, ssh.input(OperationId::recording_begin));
  CHECK(begun->secret("credential").expose_text() == "the-root-password");
  CHECK(begun->text("kind") == "unix_password");
}

TEST_CASE("ssh: who has the credential has a session that is looked for in the recordings") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  CHECK(ssh.state_of(id) == "none");
  const auto begin = [&] {
    return ssh.child(10, OperationId::recording_begin, ssh.input(OperationId::recording_begin));
  };
  REQUIRE(begin().ok());
  CHECK(begin().code == base::Errc::conflict);  // once
  // A child that is not of our mind says that it never began.
  CHECK(ssh.close(10, "nothing happened", "none").ok());
  CHECK(ssh.state_of(id) == "truncated");
}

TEST_CASE("ssh: a session that is being ended gets no credential") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.session(10);
  REQUIRE(ssh.by_id(OperationId::session_terminate, id, ssh.admin.token).ok());
  CHECK(ssh.child(10, OperationId::recording_begin, ssh.input(OperationId::recording_begin)).code ==
        base::Errc::conflict);
  CHECK(ssh.close(10, "ended", "none").ok());
  CHECK(ssh.state_of(id) == "none");
}

TEST_CASE("ssh: a session's child can give none of the vault's events for its own") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  const auto event_of = [](const char* word) {
    auto event = ServiceFixture::input(OperationId::session_event);
    event.add("events").set("action", word).set("detail", base::Bytes{'x'}).set_flag("denied", false);
    return event;
  };
  for (const auto* word : {"channel.ended", "channel.denied", "file"}) {
    REQUIRE(ssh.child(10, OperationId::session_event, event_of(word)).ok());
    CHECK(ssh.log().back().action == std::string("session.") + word);
    CHECK(ssh.log().back().object == "session:" + id);
  }
  for (const auto* word : {"open", "end", "revoke", "freeze", "terminate", "", "file ", "file x", "events"}) {
    const auto answer = ssh.child(10, OperationId::session_event, event_of(word));
    CHECK_FALSE(answer.ok());
    CHECK(answer.then == app::Outgoing::Then::close);
    CHECK(ssh.log().back().action == "session.event");
    CHECK(ssh.log().back().outcome == "failed");
  }
}

TEST_CASE("ssh: that something has started is the vault's to write down, and a child that says it is ended") {
  Ssh ssh;
  ssh.lend();
  (void)ssh.session(10);
  const auto* word = GENERATE("shell", "exec", "sftp", "scp", "forward", "other", "channel");
  auto event = ssh.input(OperationId::session_event);
  event.add("events").set("action", word).set("detail", base::Bytes{'x'}).set_flag("denied", false);
  const auto answer = ssh.child(10, OperationId::session_event, event);
  CHECK(answer.code == Errc::invalid);
  CHECK(answer.then == app::Outgoing::Then::close);
  CHECK(ssh.log().back().action == "session.event");
  CHECK(ssh.log().back().outcome == "failed");
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

TEST_CASE("ssh: what a session tells is in the log, in order and escaped once") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  auto record = ssh.input(OperationId::session_event);
  for (const std::string text : {"echo a\\b", "echo \x1b[2J\xff"}) {
    const auto bytes = base::as_bytes(text);
    record.add("events")
        .set("action", "file")
        .set("detail", base::Bytes(bytes.begin(), bytes.end()))
        .set_flag("denied", false);
  }
  REQUIRE(ssh.child(10, OperationId::session_event, record).ok());
  const auto log = ssh.log();
  REQUIRE(log.size() >= 2);
  CHECK(log[log.size() - 2].detail == "echo a\\\\b");
  CHECK(log.back().detail == "echo \\x1b[2J\\xff");
  CHECK(log.back().action == "session.file");
  CHECK(log.back().object == "session:" + id);
  auto channel = ssh.input(OperationId::session_channel);
  const auto text = base::as_bytes("echo a\\b");
  channel.set("channel", std::uint64_t{1}).set("kind", "exec").set("text", base::Bytes(text.begin(), text.end()));
  REQUIRE(ssh.child(10, OperationId::session_channel, channel).ok());
  CHECK(ssh.log().back().action == "session.exec");
  CHECK(ssh.log().back().detail == "channel 1: echo a\\\\b");
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
