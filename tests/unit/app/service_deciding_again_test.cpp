// What lives is decided again when what it stands on changes.
#include <set>

#include "deciding_again.hpp"
#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

struct Living : Ssh {
  Living() { lend(); }

  Record named(OperationId operation, const std::string& name) const {
    auto record = input(operation);
    record.set("name", name);
    return record;
  }
  void change(OperationId operation, const Record& record) { (void)*web(operation, record, &admin.token); }
  void narrow_channels(const std::string& channels) {
    auto record = named(OperationId::role_set, "ops");
    record.set("channels", channels);
    change(OperationId::role_set, record);
  }
  Answer channel(std::uint64_t id, const std::string& kind, const std::string& text = {}) {
    auto record = input(OperationId::session_channel);
    record.set("channel", std::uint64_t{1}).set("kind", kind);
    const auto bytes = base::as_bytes(text);
    if (!text.empty()) record.set("text", base::Bytes(bytes.begin(), bytes.end()));
    return child(id, OperationId::session_channel, record);
  }
  std::string end_of(std::uint64_t id) const {
    const auto push = last_push(id, OperationId::push_end);
    return push ? std::string(push->text("reason")) : std::string();
  }
  /// By password and code.
  void session_by_password(std::uint64_t id) {
    connect(id);
    REQUIRE(begin(id).ok());
    REQUIRE(password(id, "password of alice")->text("next") == "grant");
    REQUIRE(grant(id).ok());
  }
  void remove_key() {
    auto record = named(OperationId::user_key_remove, "alice");
    record.set("fingerprint", must(certs::SshPublicKey::parse_line(kAliceKey)).fingerprint());
    change(OperationId::user_key_remove, record);
  }
};

}  // namespace

TEST_CASE("deciding again: a kind of channel that a role no longer opens is taken from the live session") {
  Living ssh;
  (void)ssh.session(10);
  ssh.narrow_channels("shell,sftp");
  const auto push = ssh.last_push(10, OperationId::push_channels);
  REQUIRE(push);
  CHECK(push->text("channels") == "shell,sftp");
  CHECK(ssh.end_of(10).empty());
  CHECK(ssh.log().back().action == "session.channels");
  ssh.narrow_channels("shell,exec,sftp,scp");  // and given back
  CHECK(ssh.last_push(10, OperationId::push_channels)->text("channels") == "shell,exec,sftp,scp");
}

TEST_CASE("deciding again: each channel of a live session asks, and is written down before it starts") {
  Living ssh;
  const auto id = ssh.recorded(10);
  REQUIRE(ssh.channel(10, "exec", "uptime").ok());
  auto last = ssh.log().back();
  CHECK(last.action == "session.exec");
  CHECK(last.object == "session:" + id);
  CHECK(last.detail == "channel 1: uptime");
  CHECK(last.rule == "allow.role:ops");
  ssh.narrow_channels("shell");
  CHECK(ssh.channel(10, "exec", "uptime").code == Errc::denied);
  last = ssh.log().back();
  CHECK(last.action == "session.channel");
  CHECK(last.outcome == "denied");
  CHECK(last.rule == "deny.channel_not_open");
  CHECK(last.detail.find("exec uptime") != std::string::npos);
  CHECK(ssh.channel(10, "shell").ok());
  CHECK(ssh.channel(10, "x11").code == Errc::invalid);
}

TEST_CASE("deciding again: a session ends with the key or the password that it began with") {
  Living ssh;
  SECTION("key removed") {
    (void)ssh.session(10);
    ssh.remove_key();
  }
  SECTION("password set anew") {
    ssh.session_by_password(10);
    auto record = ssh.named(OperationId::user_password_set, "alice");
    record.set("password", secret("another password"));
    ssh.change(OperationId::user_password_set, record);
  }
  CHECK(ssh.end_of(10) == "the key or password that you signed in with is no longer good");
  CHECK(ssh.log().back().action == "session.revoke");
}

TEST_CASE("deciding again: another key or a password that did not open the session ends nothing") {
  Living ssh;
  (void)ssh.session(10);
  auto record = ssh.named(OperationId::user_password_set, "alice");
  record.set("password", secret("another password"));
  ssh.change(OperationId::user_password_set, record);
  CHECK_FALSE(ssh.pushed(10, OperationId::push_end));
}

TEST_CASE("deciding again: a session ends when its person's code generator is taken away") {
  Living ssh;
  (void)ssh.session(10);
  auto record = ssh.named(OperationId::user_set, "alice");
  record.set_flag("reset_otp", true);
  ssh.change(OperationId::user_set, record);
  CHECK(ssh.end_of(10) == "your access to this account has ended");
}

TEST_CASE("deciding again: a session ends when its target or account is no longer what the grant named") {
  Living ssh;
  (void)ssh.session(10);
  SECTION("host key unpinned") {
    auto record = ssh.named(OperationId::target_key_remove, "web1");
    record.set("fingerprint", must(certs::SshPublicKey::parse_line(kHostKey)).fingerprint());
    ssh.change(OperationId::target_key_remove, record);
    CHECK(ssh.end_of(10) == "a host key of the target is no longer trusted");
  }
  SECTION("other address") {
    auto record = ssh.named(OperationId::target_set, "web1");
    record.set("host", "127.0.0.2");
    ssh.change(OperationId::target_set, record);
    CHECK(ssh.end_of(10) == "the target's address was changed");
  }
  SECTION("other login") {
    auto record = ssh.input(OperationId::account_set);
    record.set("account", "root@web1").set("login", "toor");
    ssh.change(OperationId::account_set, record);
    CHECK(ssh.end_of(10) == "the account's name on the target was changed");
  }
  SECTION("account relabelled") {
    auto record = ssh.input(OperationId::account_set);
    record.set("account", "root@web1").set("labels", "env=lab");
    ssh.change(OperationId::account_set, record);
    CHECK(ssh.end_of(10) == "your access to this account has ended");
  }
  SECTION("target relabelled") {
    auto record = ssh.named(OperationId::target_set, "web1");
    record.set("labels", "env=lab");
    ssh.change(OperationId::target_set, record);
    CHECK(ssh.end_of(10) == "your access to this account has ended");
  }
}

TEST_CASE("deciding again: a further host key and a new secret end nothing") {
  Living ssh;
  (void)ssh.session(10);
  auto key = ssh.named(OperationId::target_key_add, "web1");
  key.set("key", kAliceKey);
  ssh.change(OperationId::target_key_add, key);
  auto secret_set = ssh.input(OperationId::account_secret_set);
  secret_set.set("account", "root@web1").set("secret", secret("another-root-password"));
  ssh.change(OperationId::account_secret_set, secret_set);
  CHECK_FALSE(ssh.pushed(10, OperationId::push_end));
}

TEST_CASE("deciding again: what is granted and taken away in one batch ends at once") {
  Living ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10).ok());
  REQUIRE(ssh.prove_key(10).ok());
  std::vector<app::Request> batch;
  batch.push_back(ssh.request(Ssh::peer(PeerKind::session, 10), OperationId::auth_grant,
                              ssh.input(OperationId::auth_grant), nullptr));
  OperationId operation = OperationId::role_unassign;
  auto removal = ssh.named(operation, "ops");
  SECTION("the role") { removal.set("user", "alice"); }
  SECTION("the person") {
    operation = OperationId::user_set;
    removal = ssh.named(operation, "alice");
    removal.set_flag("enabled", false);
  }
  SECTION("the key") {
    operation = OperationId::user_key_remove;
    removal = ssh.named(operation, "alice");
    removal.set("fingerprint", must(certs::SshPublicKey::parse_line(kAliceKey)).fingerprint());
  }
  batch.push_back(ssh.request(Ssh::peer(PeerKind::web, ssh.web_peer), operation, removal, &ssh.admin.token));
  for (const auto& [request, answer] : ssh.run(std::move(batch))) REQUIRE(answer.ok());
  CHECK(ssh.pushed(10, OperationId::push_end));
}

TEST_CASE("deciding again: a key that was removed since it was proven opens no session") {
  Living ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10).ok());
  REQUIRE(ssh.prove_key(10)->text("next") == "grant");
  ssh.remove_key();
  CHECK(ssh.grant(10).code == Errc::unauthenticated);
}

TEST_CASE("deciding again: every change of people, roles, targets and accounts is a reason") {
  std::set<std::string> narrowing;
  for (const auto& operation : app::operations()) {
    if (app::may_narrow(operation)) narrowing.insert(std::string(operation.name));
  }
  for (const auto* name : {"user.set", "user.remove", "user.password.set", "user.key.remove", "role.set", "role.remove",
                           "role.unassign", "target.set", "target.key.remove", "account.set", "otp.confirm"}) {
    CHECK(narrowing.count(name) == 1);
  }
  for (const auto* name : {"checkout.create", "reveal", "auth.login", "session.event", "user.list", "account.list"})
    CHECK(narrowing.count(name) == 0);
}
