// Peers that send without measure: beyond their window, or without reading what they are answered.
#include "peers.hpp"
#include "relay.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// Where libssh keeps the window that its peer gave it, found by what it says of it. A client in good order never
/// writes there.
std::uint32_t* window_of(ssh_channel channel) {
  auto* words = reinterpret_cast<std::uint32_t*>(channel);
  const auto size = ssh_channel_window_size(channel);
  for (std::size_t i = 0; i < 24; ++i) {
    if (words[i] != size) continue;
    words[i] = size + 1;
    if (ssh_channel_window_size(channel) == size + 1) return &words[i];
    words[i] = size;
  }
  throw std::runtime_error("libssh hides the window");
}

/// Many packets that nobody has to answer.
void flood(ssh_session session) {
  for (int i = 0; i < 2000; ++i) (void)ssh_send_ignore(session, "x");
}

}  // namespace

TEST_CASE("a client that sends beyond its window is ended") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "exec sleep 60") == SSH_OK);
  ssh_set_blocking(client.get(), 0);
  auto* window = window_of(channel);
  const std::string piece(32000, 'x');
  CHECK(client.until([&] {
    for (int i = 0; i < 20; ++i) {
      *window = 1U << 30U;
      (void)ssh_channel_write(channel, piece.data(), static_cast<std::uint32_t>(piece.size()));
    }
    return ssh_is_connected(client.get()) == 0;
  }));
  CHECK(world.broker->wait_for_notice("over reason=5 recorded A peer sent more than it was allowed to."));
}

TEST_CASE("a client that floods and reads nothing is ended") {
  BrokerSetup setup;
  setup.clock_speed = 10;
  setup.send_buffer = 4096;
  World world(setup);
  Relay relay(world.broker->port());
  RawClient client(world, "alice+root+web1", relay.port());
  client.log_in();
  ssh_channel channel = client.open();
  relay.stop_reading(true);
  REQUIRE(world.broker->wait_for_notice("open alice"));
  ssh_set_blocking(client.get(), 0);
  (void)ssh_channel_request_exec(channel, "cat /dev/zero");
  CHECK(client.until([&] {
    flood(client.get());
    return world.broker->notices().find("The client does not read.") != std::string::npos;
  }));
}

TEST_CASE("a target that floods and reads nothing is ended") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    ssh_channel channel = self.serve_login_and_exec(session);
    self.wait_for_key(channel);  // whereupon libssh opens its window wide
    self.say("ready");
    ssh_set_blocking(session, 0);
    std::string read(1U << 20U, 0);
    while (ssh_is_connected(session) != 0) {
      flood(session);
      (void)ssh_blocking_flush(session, 100);
      // What came before the relay stopped: with no window left the broker would have nothing to say to this target.
      (void)ssh_channel_read_nonblocking(channel, read.data(), static_cast<std::uint32_t>(read.size()), 0);
    }
  });
  Relay relay(target.port());
  auto setup = target.setup();
  setup.clock_speed = 10;
  setup.send_buffer = 4096;
  setup.target_port = relay.port();
  World world(setup);
  base::Command line;
  line.argv = {"sh", "-c", "exec cat /dev/zero | \"$@\" 2>/dev/null", "sh"};
  for (auto& word : world.ssh({}, {"sink"})) line.argv.push_back(word);
  line.environment = {"PATH=/usr/bin:/bin"};
  auto client = base::Child::spawn(line, {}).value();
  REQUIRE(target.heard("ready"));
  relay.stop_reading(false);
  const bool seen = world.broker->wait_for_notice("The target does not read.");
  INFO(world.broker->notices());
  CHECK(seen);
}
