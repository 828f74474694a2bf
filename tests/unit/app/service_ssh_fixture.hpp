#pragma once
// A Service with a target, an account, and alice who may use it by SSH; spoken to as the listener and a session's
// child.
#include "sallyport/certs/ssh_key.hpp"
#include "service_fixture.hpp"

namespace sallyport::test {

inline constexpr const char* kAliceKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqUR8CS4G3dHWFKAYK3bqO5uwcHBnJ0vYoRFcCq4s0b alice";

struct Ssh : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice;
  base::Bytes key = must(certs::SshPublicKey::parse_line(kAliceKey)).blob();
  std::string checkout_id;

  Ssh() {
    add_account(admin, "web1", "root", "env=prod");
    add_role(admin, "ops", "checkout,session,reveal", "env=prod");
    alice = add_person(admin, "alice", "ops");
    auto record = input(OperationId::user_key_add);
    record.set("name", "alice").set("key", kAliceKey).set("otp", code(alice));
    (void)*web(OperationId::user_key_add, record, &alice.token);
    (void)*ask(peer(PeerKind::ssh, listener_peer), OperationId::ssh_listen, input(OperationId::ssh_listen));
  }
  void lend() { checkout_id = checkout(alice, "root@web1")->text("id"); }

  /// A connection of its own, turned into a session's.
  void connect(std::uint64_t id, const std::string& from = "192.0.2.7") {
    auto record = input(OperationId::session_register);
    record.set("source", from).set("port", std::uint64_t{50000});
    const auto answer = ask(peer(PeerKind::ssh, id), OperationId::session_register, record);
    REQUIRE(answer->number("connection") == id);
    REQUIRE(answer.then == app::Outgoing::Then::becomes_session);
  }
  Answer child(std::uint64_t id, OperationId operation, const Record& record) {
    auto who = peer(PeerKind::session, id);
    return ask(who, operation, record);
  }
  Answer begin(std::uint64_t id, const std::string& user = "alice", const std::string& target = "web1") {
    auto record = input(OperationId::auth_begin);
    record.set("account", "root").set("target", target);
    if (!user.empty()) record.set("user", user);
    return child(id, OperationId::auth_begin, record);
  }
  Answer prove_key(std::uint64_t id) {
    auto record = input(OperationId::auth_key_proven);
    record.set("key", key);
    return child(id, OperationId::auth_key_proven, record);
  }
  Answer password(std::uint64_t id, std::string_view text) {
    auto record = input(OperationId::auth_password);
    record.set("password", secret(text));
    return child(id, OperationId::auth_password, record);
  }
  Answer otp(std::uint64_t id, const base::SecretBytes& given) {
    auto record = input(OperationId::auth_otp);
    record.set("otp", given.clone());
    return child(id, OperationId::auth_otp, record);
  }
  Answer grant(std::uint64_t id) { return child(id, OperationId::auth_grant, input(OperationId::auth_grant)); }
  /// From the connection to a session that lives.
  std::string session(std::uint64_t id) {
    connect(id);
    REQUIRE(begin(id)->text("next") == "first");
    REQUIRE(prove_key(id)->text("next") == "grant");
    const auto granted = grant(id);
    REQUIRE(granted.then == app::Outgoing::Then::granted);
    return std::string(granted->text("session"));
  }
  /// One whose recording has begun.
  std::string recorded(std::uint64_t id) {
    auto name = session(id);
    REQUIRE(child(id, OperationId::recording_begin, input(OperationId::recording_begin)).ok());
    return name;
  }
  Answer close(std::uint64_t id, const std::string& reason, const std::string& recording) {
    auto record = input(OperationId::session_close);
    record.set("reason", reason).set("recording", recording).set("bytes", std::uint64_t{9});
    record.set("duration_ms", std::uint64_t{0}).set("chunks", std::uint64_t{0});
    if (recording == "complete") record.set("sequence", std::uint64_t{5}).set("hash", base::Bytes(32, 9));
    return child(id, OperationId::session_close, record);
  }
  /// As the list, `session show`, `recording show` and what verifying goes by call it: all the same.
  std::string state_of(const std::string& id) {
    const std::string shown(by_id(OperationId::session_show, id, admin.token)->text("recording"));
    CHECK(by_id(OperationId::recording_show, id, admin.token)->text("recording") == shown);
    CHECK(by_id(OperationId::recording_open, id, admin.token)->text("recording") == shown);
    const auto list = web(OperationId::recording_list, input(OperationId::recording_list), &admin.token);
    CHECK(list->list("sessions")[0].text("recording") == shown);
    return shown;
  }
  bool pushed(std::uint64_t id, OperationId what) const { return last_push(id, what).has_value(); }
  std::optional<Record> last_push(std::uint64_t id, OperationId what) const {
    std::optional<Record> found;
    for (const auto& one : pushes) {
      if (one.peer_id != id || one.frame.code != static_cast<std::uint16_t>(what)) continue;
      found = must(decode(one.frame.payload.view(), app::find_operation(what)->input));
    }
    return found;
  }
};

}  // namespace sallyport::test
