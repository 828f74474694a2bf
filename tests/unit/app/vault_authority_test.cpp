// What a session's child hears from two sides, in whichever order it comes.
#include "vault_authority.hpp"

#include <sys/socket.h>

#include "child_link.hpp"
#include "sallyport/base/crypto.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;

namespace {

/// The far ends of the child's two sockets.
struct Child {
  base::UniqueFd vault;
  base::UniqueFd listener;
  std::unique_ptr<app::VaultAuthority> authority;

  Child() {
    auto to_vault = base::socket_pair(false).value();
    auto to_listener = base::socket_pair(true).value();
    vault = std::move(to_vault.first);
    listener = std::move(to_listener.first);
    auto connection = app::VaultConnection::adopt(std::move(to_vault.second));
    authority = std::make_unique<app::VaultAuthority>(std::move(connection.value()), std::move(to_listener.second),
                                                      std::chrono::seconds(10));
  }

  /// The first request has the number 1.
  void grant() {
    app::Record record(app::find_operation(app::OperationId::auth_grant)->output);
    record.set("session", base::SessionId::random().text()).set("user", "alice").set("account", "root@web1");
    record.set("login", "root").set("kind", "unix_password");
    record.set("credential", base::SecretBytes::copy(base::as_bytes("secret")));
    record.set_list("host_keys");
    record.add("host_keys").set("key", base::Bytes(32, 1));
    record.set("channels", "shell,exec").set("source", "192.0.2.1").set("reason", "test");
    record.set("checkout", base::CheckoutId::random().text()).set("file", "a.spr");
    record.set("data_key", base::SecretBytes::random(base::kKeySize)).set("wrapped_key", base::Bytes(80, 2));
    record.set("ends_in_ms", std::uint64_t{60000});
    app::Frame frame;
    frame.type = app::FrameType::reply;
    frame.id = 1;
    frame.payload = app::encode(record).value();
    app::FrameQueue queue(1U << 20U);
    REQUIRE(queue.push(std::move(frame)));
    REQUIRE(queue.flush(vault.get()));
  }

  void dialled() {
    auto target = base::socket_pair(false).value();
    auto recording = base::socket_pair(false).value();
    REQUIRE(app::send_link(listener.get(), app::LinkResources{std::move(target.first), std::move(recording.first)}));
  }
};

bool is_grant(const broker::Message& message) {
  const auto* reply = std::get_if<broker::Reply>(&message);
  return reply != nullptr && reply->answer && std::holds_alternative<broker::Grant>(reply->answer.value());
}

}  // namespace

TEST_CASE("what came of the dial is heard after the grant, though the listener was quicker than the vault") {
  Child child;
  REQUIRE(child.authority->ask(7, broker::OpenRequest{{}, "client"}));
  child.dialled();
  CHECK(child.authority->receive().value().empty());
  child.grant();
  const auto messages = child.authority->receive().value();
  REQUIRE(messages.size() == 2);
  CHECK(is_grant(messages[0]));
  CHECK(std::holds_alternative<broker::Resources>(messages[1]));
}

TEST_CASE("a dial that failed before the grant was heard is told after it") {
  Child child;
  REQUIRE(child.authority->ask(7, broker::OpenRequest{{}, "client"}));
  REQUIRE(app::send_link(child.listener.get(), app::LinkFailed{"there is nobody"}));
  CHECK(child.authority->receive().value().empty());
  child.grant();
  const auto messages = child.authority->receive().value();
  REQUIRE(messages.size() == 2);
  CHECK(is_grant(messages[0]));
  CHECK(std::holds_alternative<broker::ResourcesFailed>(messages[1]));
  // Once: a listener that goes later owes nothing any more.
  child.listener.reset();
  CHECK(child.authority->receive().value().empty());
}

TEST_CASE("the end that a stopping server says is heard at once, grant or not") {
  Child child;
  REQUIRE(app::send_link(child.listener.get(), app::LinkEnd{"stopping"}));
  const auto messages = child.authority->receive().value();
  REQUIRE(messages.size() == 1);
  CHECK(std::holds_alternative<broker::End>(messages[0]));
}
