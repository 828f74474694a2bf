// What a session's child hears from two sides, in whichever order it comes.
#include "vault_authority.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "child_link.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"
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
    record.set("login", "root");
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

/// The vault's end: what the child has asked so far, and answers to it.
class Vault {
 public:
  explicit Vault(Child& child) : child_(child) {}

  std::vector<app::Frame> read() {
    std::vector<app::Frame> out;
    for (;;) {
      const auto space = decoder_.space();
      const auto got = ::recv(child_.vault.get(), space.data(), space.size(), MSG_DONTWAIT);
      if (got <= 0) return out;
      if (auto frame = decoder_.filled(static_cast<std::size_t>(got)).value()) out.push_back(std::move(*frame));
    }
  }
  void answer(const app::Frame& asked, const app::Record& record) {
    app::Frame frame;
    frame.type = app::FrameType::reply;
    frame.id = asked.id;
    frame.payload = app::encode(record).value();
    send(std::move(frame));
  }
  void refuse(const app::Frame& asked, const base::Error& why) { send(app::error_reply(asked.id, why)); }
  /// Reads and answers until nothing more comes; every event in order as "action detail".
  std::vector<std::string> serve() {
    std::vector<std::string> events;
    for (auto frames = read(); !frames.empty(); frames = read()) {
      app::FrameQueue answers(1U << 20U);
      for (const auto& frame : frames) {
        note(frame, events);
        app::Frame answer;
        answer.type = app::FrameType::reply;
        answer.id = frame.id;
        answer.payload = app::encode(app::Record()).value();
        REQUIRE(answers.push(std::move(answer)));
      }
      REQUIRE(answers.flush(child_.vault.get()));
      REQUIRE(child_.authority->receive());
    }
    return events;
  }

 private:
  void send(app::Frame frame) {
    app::FrameQueue queue(1U << 20U);
    REQUIRE(queue.push(std::move(frame)));
    REQUIRE(queue.flush(child_.vault.get()));
  }
  static void note(const app::Frame& frame, std::vector<std::string>& events) {
    const auto id = static_cast<app::OperationId>(frame.code);
    if (id != app::OperationId::session_event) return events.push_back(std::string(app::find_operation(id)->name));
    const auto record = app::decode(frame.payload.view(), app::find_operation(id)->input).value();
    for (const auto& event : record.list("events"))
      events.push_back(std::string(event.text("action")) + " " + std::string(base::as_text(event.bytes("detail"))));
  }
  Child& child_;
  app::FrameDecoder decoder_{app::kMaxSessionRequest};
};

/// A child whose session was granted, as the vault sees it.
struct Granted {
  Child child;
  Vault vault{child};
  Granted() {
    REQUIRE(child.authority->ask(7, broker::OpenRequest{{}, "client"}));
    (void)vault.read();
    child.grant();
    REQUIRE(child.authority->receive().value().size() == 1);
  }
};

broker::RequestDenied forward(int port) { return {"local forward", "10.0.0.1:" + std::to_string(port)}; }

std::size_t count(const std::vector<std::string>& events, std::string_view part) {
  return static_cast<std::size_t>(
      std::ranges::count_if(events, [part](const auto& one) { return one.find(part) != one.npos; }));
}

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

TEST_CASE("a flood of refused forwards takes nothing away from a file or a refusal by right, and is told as a number") {
  Granted session;
  auto& authority = *session.child.authority;
  std::vector<std::string> events;
  const auto serve = [&] {
    for (auto& one : session.vault.serve()) events.push_back(std::move(one));
  };
  for (int i = 0; i < 5000; ++i) {
    REQUIRE(authority.tell(forward(i)));
    if (i == 3000) REQUIRE(authority.tell(broker::FileSeen{recorder::FileEvent{.path = "/etc/shadow"}}));
    if (i == 4000) REQUIRE(authority.tell(broker::RequestDenied{"sftp", "sftp", true}));
    if (i % 100 == 99) serve();
  }
  REQUIRE(authority.tell(broker::SessionOver{}));
  serve();
  CHECK(count(events, "/etc/shadow") == 1);
  CHECK(count(events, "channel.denied sftp: sftp") == 1);
  const auto told = count(events, "channel.denied local forward: 10.0.0.1:");
  CHECK(told > 0);
  CHECK(told < 5000);
  REQUIRE(events.size() >= 2);
  CHECK(events.back() == "session.close");
  CHECK(count(events, "left out because there were too many in a second: " + std::to_string(5000 - told) +
                          " x local forward") == 1);
}

TEST_CASE("of many files each is told, and while the vault does not answer nothing new is to happen") {
  Granted session;
  auto& authority = *session.child.authority;
  recorder::FileEvent file;
  int told = 0;
  for (; authority.accepting(); ++told) {
    REQUIRE(told < 10000);
    file.path = "/srv/" + std::to_string(told);
    REQUIRE(authority.tell(broker::FileSeen{file}));
  }
  const auto events = session.vault.serve();
  CHECK(count(events, "file ") == static_cast<std::size_t>(told));
  CHECK(events.back().ends_with("/srv/" + std::to_string(told - 1)));
  CHECK(authority.accepting());
}

TEST_CASE("at the end everything that waits is told before the last word") {
  Granted session;
  auto& authority = *session.child.authority;
  for (int i = 0; i < 300; ++i) REQUIRE(authority.tell(broker::ChannelEnded{std::uint32_t(i), 0, ""}));
  REQUIRE(authority.tell(broker::SessionOver{}));
  const auto events = session.vault.serve();
  REQUIRE(events.size() == 301);
  CHECK(events[299] == "channel.ended channel 299: exit status 0");
  CHECK(events[300] == "session.close");
}

TEST_CASE("a text of a peer goes to the log as it was written, cut so that the log has room for its escapes") {
  Granted session;
  auto& authority = *session.child.authority;
  REQUIRE(authority.tell(broker::RequestDenied{"exec", "a\\b\x1b[2J\xff", true}));
  recorder::FileEvent file;
  file.path = std::string(5000, '\x01');
  file.other_path = "/end";
  REQUIRE(authority.tell(broker::FileSeen{file}));
  const auto events = session.vault.serve();
  REQUIRE(events.size() == 2);
  CHECK(events[0] == "channel.denied exec: a\\b\x1b[2J\xff");
  const auto hash = base::hex(base::sha256(base::as_bytes(file.path)));
  CHECK(events[1].ends_with("... (5000 bytes, sha256 " + hash + ") -> /end"));
  CHECK(base::escape_text(events[1], 2000).size() <= 1021);
}

TEST_CASE("no variables push a command out of the log, and one that is too long for it is told by its hash") {
  Granted session;
  const auto logged = [&session](const std::string& text) {
    REQUIRE(session.child.authority->ask(8, broker::ChannelRequest{1, recorder::ChannelKind::exec, text}));
    const auto frames = session.vault.read();
    REQUIRE(frames.size() == 1);
    const auto* row = app::find_operation(app::OperationId::session_channel);
    const auto record = app::decode(frames[0].payload.view(), row->input).value();
    return std::string(base::as_text(record.bytes("text")));
  };
  const std::string variables(454, 'v');  // the most that broker's Variables take
  const std::string command = variables + " id; echo " + std::string(400, '\'');
  CHECK(logged(command) == command);
  const std::string longer = command + std::string(500, 'x');
  CHECK(logged(longer).ends_with("x... (" + std::to_string(longer.size()) + " bytes, sha256 " +
                                 base::hex(base::sha256(base::as_bytes(longer))) + ")"));
}

TEST_CASE("a proof that there was no time to judge is no wrong one") {
  for (const auto code : {base::Errc::limit, base::Errc::unavailable}) {
    Child child;
    Vault vault(child);
    const auto login = broker::parse_login_name("alice+root+web1").value();
    REQUIRE(child.authority->ask(
        5, broker::PasswordProof{login, "alice+root+web1", base::SecretBytes::copy(base::as_bytes("right"))}));
    const auto frames = vault.read();
    REQUIRE(frames.size() == 2);  // who it is, and the password
    vault.answer(frames[0], app::Record(app::find_operation(app::OperationId::auth_begin)->output)
                                .set_flag("accepted", true)
                                .set("next", "first"));
    vault.refuse(frames[1], base::fail(code, "too many sign-ins at once"));
    const auto messages = child.authority->receive().value();
    REQUIRE(messages.size() == 1);
    const auto& reply = std::get<broker::Reply>(messages[0]);
    REQUIRE_FALSE(reply.answer);
    CHECK(reply.answer.error().code() == code);
  }
}

TEST_CASE("a second login name on one connection is refused, and the vault hears of it") {
  Child child;
  Vault vault(child);
  const auto offer = [&child](broker::Ticket ticket, const std::string& name) {
    const auto login = broker::parse_login_name(name).value();
    REQUIRE(child.authority->ask(ticket, broker::PublicKeyProof{login, name, base::Bytes(32, 1), false}));
  };
  offer(1, "alice+root+web1");
  (void)vault.read();
  offer(2, "bob+root+web1");
  const auto frames = vault.read();
  REQUIRE(frames.size() == 1);
  const auto* begin = app::find_operation(app::OperationId::auth_begin);
  CHECK(frames[0].code == static_cast<std::uint16_t>(begin->id));
  const auto record = app::decode(frames[0].payload.view(), begin->input).value();
  CHECK(record.text("refused") == "second_name");
  CHECK(base::as_text(record.bytes("written")) == "bob+root+web1");
  const auto messages = child.authority->receive().value();
  REQUIRE(messages.size() == 1);
  const auto& reply = std::get<broker::Reply>(messages[0]);
  CHECK(reply.ticket == 2);
  CHECK_FALSE(std::get<broker::ProofAnswer>(reply.answer.value()).accepted);
}
