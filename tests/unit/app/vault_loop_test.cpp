#include "vault_loop.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport::app;
using namespace std::chrono_literals;
using sallyport::base::Bytes;
using sallyport::base::Errc;
using sallyport::base::UniqueFd;

namespace {

/// Answers every request with its own payload; a test looks at what came.
class Echo final : public BatchHandler {
 public:
  void run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out) override {
    batches.push_back(requests.size());
    for (auto& request : requests) {
      asked.push_back(request.peer);
      if (answer_size > 0) request.payload = Bytes(answer_size);
      Outgoing reply{request.peer.id, {FrameType::reply, request.request_id, 0, std::move(request.payload)}, then};
      if (answer) out.push_back(std::move(reply));
    }
    for (auto& push : pushes) out.push_back(std::move(push));
    pushes.clear();
  }
  void run_deferred(std::vector<Outgoing>&) override {}
  int wakeup_fd() const override { return -1; }
  void tick(std::vector<Outgoing>&) override { ++ticks; }
  void peer_gone(std::uint64_t peer_id, std::vector<Outgoing>&) override { gone.push_back(peer_id); }
  void protocol_violation(const Peer& peer, std::uint16_t number) override { violations.emplace_back(peer, number); }

  std::vector<std::size_t> batches;
  std::vector<Peer> asked;
  std::vector<Outgoing> pushes;
  std::vector<std::uint64_t> gone;
  std::vector<std::pair<Peer, std::uint16_t>> violations;
  Outgoing::Then then = Outgoing::Then::nothing;
  bool answer = true;
  std::size_t answer_size = 0;  ///< of each reply; 0: as long as its request
  int ticks = 0;
};

struct Fixture {
  Fixture() {
    auto pair = sallyport::base::socket_pair(true);
    REQUIRE(pair);
    supervisor = std::move(pair.value().first);
    auto listener = listen_unix(directory / "vault.sock", 0600);
    REQUIRE(listener);
    loop.emplace(std::move(listener.value()), std::move(pair.value().second), echo, ::geteuid());
  }
  /// This process counts as a kind of its own from here on.
  void i_am(PeerKind kind) {
    REQUIRE(send_control(supervisor.get(), {ControlType::peer, ::getpid(), ::geteuid(), kind, {}, {}}));
    turn();
    const auto known = receive_control(supervisor.get());
    REQUIRE(known);
    CHECK(known.value().type == ControlType::known);
    CHECK(known.value().pid == ::getpid());
  }
  VaultConnection connect() {
    auto connection = VaultConnection::connect(directory / "vault.sock");
    REQUIRE(connection);
    turn();
    return std::move(connection.value());
  }
  void turn() { REQUIRE(loop->turn(0ms)); }
  /// Turns until this connection has a frame, or has been closed (nothing).
  std::optional<Frame> answer(VaultConnection& connection) {
    for (int i = 0; i < 100; ++i) {
      turn();
      const auto read = connection.on_readable();
      if (auto frame = connection.next()) return frame;
      if (!read) return std::nullopt;
    }
    FAIL("neither an answer nor an end");
    return std::nullopt;
  }

  sallyport::test::TempDir directory;
  UniqueFd supervisor;
  Echo echo;
  std::optional<VaultLoop> loop;
};

Bytes some(std::size_t size) { return Bytes(size, 7); }

}  // namespace

TEST_CASE("who is not named by the supervisor is an operator if it has the vault's uid") {
  Fixture f;
  auto connection = f.connect();
  REQUIRE(connection.request(OperationId::status, some(3)));
  const auto reply = f.answer(connection);
  REQUIRE(reply);
  CHECK(reply->payload.size() == 3);
  REQUIRE(f.echo.asked.size() == 1);
  CHECK(f.echo.asked[0].kind == PeerKind::operator_);
  CHECK(f.echo.asked[0].pid == ::getpid());
}

TEST_CASE("a named process is its kind, with the uid that was named for it, or nothing") {
  Fixture f;
  f.i_am(PeerKind::rotator);
  auto connection = f.connect();
  REQUIRE(connection.request(OperationId::rotation_next, some(1)));
  REQUIRE(f.answer(connection));
  CHECK(f.echo.asked.at(0).kind == PeerKind::rotator);

  REQUIRE(send_control(f.supervisor.get(), {ControlType::peer, ::getpid(), ::geteuid() + 1, PeerKind::web, {}, {}}));
  f.turn();
  auto impostor = f.connect();
  CHECK_FALSE(f.answer(impostor));
  CHECK(f.loop->connections() == 1);
}

TEST_CASE("a peer that asks what its kind may not ask is ended and reported, and its request never run") {
  Fixture f;
  f.i_am(PeerKind::rotator);
  auto connection = f.connect();
  REQUIRE(connection.request(OperationId::unseal, some(10)));
  CHECK_FALSE(f.answer(connection));
  CHECK(f.echo.asked.empty());
  REQUIRE(f.echo.violations.size() == 1);
  CHECK(f.echo.violations[0].first.kind == PeerKind::rotator);
  CHECK(f.echo.violations[0].second == static_cast<std::uint16_t>(OperationId::unseal));
  CHECK(f.echo.gone.size() == 1);
}

TEST_CASE("an operation that is in no row, and a push to be asked, end the peer") {
  Fixture f;
  for (const auto operation : {static_cast<OperationId>(9999), OperationId::none, OperationId::push_end}) {
    auto connection = f.connect();
    REQUIRE(connection.request(operation, {}));
    CHECK_FALSE(f.answer(connection));
  }
  CHECK(f.echo.violations.size() == 3);
  CHECK(f.echo.asked.empty());
}

TEST_CASE("a reply or a push, sent to the vault, ends the peer and is never run") {
  Fixture f;
  const auto type = GENERATE(FrameType::reply, FrameType::push);
  auto connection = f.connect();
  const auto header = encode_header({type, 1, static_cast<std::uint16_t>(OperationId::status), {}});
  REQUIRE(::send(connection.fd(), header.data(), header.size(), 0) == static_cast<ssize_t>(header.size()));
  CHECK_FALSE(f.answer(connection));
  CHECK(f.echo.asked.empty());
  CHECK(f.echo.violations.size() == 1);
}

TEST_CASE("a listener's connection that registered is a session for good, and changes phase by its grant") {
  Fixture f;
  f.i_am(PeerKind::ssh);
  auto connection = f.connect();
  f.echo.then = Outgoing::Then::becomes_session;
  REQUIRE(connection.request(OperationId::session_register, {}));
  REQUIRE(f.answer(connection));
  f.echo.then = Outgoing::Then::granted;
  REQUIRE(connection.request(OperationId::auth_grant, {}));
  REQUIRE(f.answer(connection));
  f.echo.then = Outgoing::Then::nothing;
  REQUIRE(connection.request(OperationId::session_event, {}));
  REQUIRE(f.answer(connection));
  CHECK(f.echo.asked.at(2).kind == PeerKind::session);
  CHECK(f.echo.asked.at(2).phase == Phase::granted);

  SECTION("no proof is taken after the grant") {
    REQUIRE(connection.request(OperationId::auth_password, {}));
    CHECK_FALSE(f.answer(connection));
    CHECK(f.echo.violations.size() == 1);
  }
  SECTION("it can't register again") {
    REQUIRE(connection.request(OperationId::session_register, {}));
    CHECK_FALSE(f.answer(connection));
    CHECK(f.echo.violations.size() == 1);
  }
}

TEST_CASE("a session's second request waits for the first one's answer, and is judged by what it brought") {
  Fixture f;
  f.i_am(PeerKind::ssh);
  auto connection = f.connect();
  f.echo.then = Outgoing::Then::becomes_session;
  REQUIRE(connection.request(OperationId::session_register, {}));
  // Still allowed to `ssh`, no more to a session: sent before the answer came.
  REQUIRE(connection.request(OperationId::dial_failed, {}));
  CHECK(f.answer(connection));
  CHECK_FALSE(f.answer(connection));
  REQUIRE(f.echo.violations.size() == 1);
  CHECK(f.echo.violations[0].first.kind == PeerKind::session);
}

TEST_CASE("what all peers ask at once is one batch") {
  Fixture f;
  auto first = f.connect();
  auto second = f.connect();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(first.request(OperationId::status, {}));
    REQUIRE(second.request(OperationId::status, {}));
  }
  f.turn();
  REQUIRE(f.echo.batches.size() == 1);
  CHECK(f.echo.batches[0] == 6);
}

TEST_CASE("a request over its bound ends the peer") {
  Fixture f;
  f.i_am(PeerKind::ssh);
  auto connection = f.connect();
  REQUIRE(connection.request(OperationId::session_register, some(kMaxSessionRequest + 1)));
  CHECK_FALSE(f.answer(connection));
  CHECK(f.echo.violations.size() == 1);
}

TEST_CASE("a peer that does not read its answers is ended, and others are not") {
  Fixture f;
  auto slow = f.connect();
  auto other = f.connect();
  REQUIRE(slow.request(OperationId::status, {}));
  f.turn();
  const auto slow_id = f.echo.asked.at(0).id;
  for (int i = 0; i < 15; ++i)
    f.echo.pushes.push_back(
        {slow_id, {FrameType::push, 0, static_cast<std::uint16_t>(OperationId::push_end), some(1U << 19U)}, {}});
  REQUIRE(other.request(OperationId::status, {}));
  REQUIRE(f.answer(other));
  for (int i = 0; i < 4; ++i)
    f.echo.pushes.push_back(
        {slow_id, {FrameType::push, 0, static_cast<std::uint16_t>(OperationId::push_end), some(1U << 19U)}, {}});
  REQUIRE(other.request(OperationId::status, {}));
  REQUIRE(f.answer(other));
  CHECK(f.echo.gone == std::vector<std::uint64_t>{slow_id});
}

TEST_CASE("however many lists a peer asks for at once, their answers have room, and it is not ended for them") {
  Fixture f;
  auto connection = f.connect();
  f.echo.answer_size = kMaxFramePayload;
  constexpr unsigned kLists = 60;
  for (unsigned i = 0; i < kLists; ++i) REQUIRE(connection.request(OperationId::audit_list, some(1)));
  // More turns than it would take to end it, before it reads the first answer.
  for (int i = 0; i < 20; ++i) f.turn();
  for (unsigned i = 0; i < kLists; ++i) {
    const auto frame = f.answer(connection);
    REQUIRE(frame);
    CHECK(frame->payload.size() == kMaxFramePayload);
  }
  CHECK(f.echo.gone.empty());
}

TEST_CASE("unfinished requests of all peers together stay under their bound") {
  Fixture f;
  std::vector<VaultConnection> many;
  for (int i = 0; i < 20; ++i) {
    many.push_back(f.connect());
    const auto header = encode_header({FrameType::request, 1, 2, Payload(some(kMaxRequest))});
    REQUIRE(::send(many.back().fd(), header.data(), header.size(), 0) == static_cast<ssize_t>(header.size()));
  }
  for (int i = 0; i < 30; ++i) f.turn();
  CHECK(f.loop->connections() == VaultLoop::kMaxUnfinished / kMaxRequest);
}

TEST_CASE("a peer that goes is told to the handler once") {
  Fixture f;
  {
    auto connection = f.connect();
    REQUIRE(connection.request(OperationId::status, {}));
    REQUIRE(f.answer(connection));
  }
  f.turn();
  f.turn();
  CHECK(f.echo.gone.size() == 1);
  CHECK(f.loop->connections() == 0);
}

TEST_CASE("the last answer is written before its connection is closed") {
  Fixture f;
  auto connection = f.connect();
  f.echo.then = Outgoing::Then::close;
  REQUIRE(connection.request(OperationId::status, some(1000)));
  const auto reply = f.answer(connection);
  REQUIRE(reply);
  CHECK(reply->payload.size() == 1000);
  CHECK_FALSE(f.answer(connection));
}

TEST_CASE("the loop ends when the supervisor says stop, and when it has gone") {
  Fixture f;
  SECTION("stop") { REQUIRE(send_control(f.supervisor.get(), {.type = ControlType::stop})); }
  SECTION("gone") { f.supervisor.reset(); }
  const auto more = f.loop->turn(1000ms);
  REQUIRE(more);
  CHECK_FALSE(more.value());
}

TEST_CASE("the tick comes by the clock, also under load") {
  Fixture f;
  const auto until = std::chrono::steady_clock::now() + 600ms;
  auto connection = f.connect();
  while (std::chrono::steady_clock::now() < until) {
    REQUIRE(connection.request(OperationId::status, {}));
    REQUIRE(f.answer(connection));
  }
  CHECK(f.echo.ticks >= 2);
}
