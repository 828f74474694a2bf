// A client that is in, and asks for what no stock client asks.
#include <libssh/callbacks.h>

#include "peers.hpp"
#include "recorded.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// Reads both streams to the end of the channel.
std::string output_of(ssh_channel channel) {
  std::string out;
  char buffer[4096];
  for (const int stream : {0, 1}) {
    for (int got = 1; got > 0;) {
      got = ssh_channel_read(channel, buffer, sizeof buffer, stream);
      if (got > 0) out.append(buffer, static_cast<std::size_t>(got));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("one channel starts one thing: a second start, terminal or variable comes too late") {
  World world({}, SshdOptions{.extra = {"AcceptEnv *"}});
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "read x; echo first $x $LC_LATE") == SSH_OK);
  CHECK(ssh_channel_request_exec(channel, "echo second") == SSH_ERROR);
  CHECK(ssh_channel_request_shell(channel) == SSH_ERROR);
  CHECK(ssh_channel_request_subsystem(channel, "sftp") == SSH_ERROR);
  CHECK(ssh_channel_request_pty(channel) == SSH_ERROR);
  CHECK(ssh_channel_request_env(channel, "LC_LATE", "late") == SSH_ERROR);
  REQUIRE(ssh_channel_write(channel, "go\n", 3) == 3);
  CHECK(output_of(channel) == "first go\n");
  CHECK(world.broker->notices().find("second") == std::string::npos);
}

TEST_CASE("once a command has started the target hears of no terminal and no variable") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    (void)self.serve_login_and_exec(session);
    while (ssh_message request = ssh_message_get(session)) {
      self.say("asked for " + std::to_string(ssh_message_subtype(request)));
      (void)ssh_message_channel_request_reply_success(request);
    }
  });
  World world(target.setup());
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "id") == SSH_OK);
  CHECK(ssh_channel_request_pty(channel) == SSH_ERROR);
  CHECK(ssh_channel_request_env(channel, "LC_LATE", "late") == SSH_ERROR);
  ssh_disconnect(client.get());
  CHECK(target.heard("end of the play"));
  CHECK(target.said() == "end of the play\n");
}

TEST_CASE("a terminal is asked for once") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  CHECK(ssh_channel_request_pty_size(channel, "xterm", 80, 24) == SSH_OK);
  CHECK(ssh_channel_request_pty_size(channel, "xterm", 81, 25) == SSH_ERROR);
  REQUIRE(ssh_channel_request_exec(channel, "stty size; echo $TERM") == SSH_OK);
  CHECK(output_of(channel) == "24 80\r\nxterm\r\n");
}

TEST_CASE("a terminal's type that could be a command does not reach the target, and is told") {
  const std::string type =
      GENERATE(as<std::string>(), "touch /tmp/x", "xterm;id", "$(id)", "xterm\x1b[2J", "a/b", std::string(65, 'x'));
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_pty_size(channel, type.c_str(), 80, 24) == SSH_OK);
  REQUIRE(ssh_channel_request_exec(channel, "echo $TERM") == SSH_OK);
  CHECK(output_of(channel) == "xterm\r\n");
  CHECK(world.broker->wait_for_notice("denied variable TERM=" + base::escape_text(type, 1024)));
  CHECK(world.broker->wait_for_notice("started 1 kind=2 TERM=xterm echo $TERM\n"));
}

TEST_CASE("a terminal's type is recorded and told with the command, since it may be what that runs") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_pty_size(channel, "reboot", 80, 24) == SSH_OK);
  REQUIRE(ssh_channel_request_exec(channel, "echo $TERM") == SSH_OK);
  CHECK(output_of(channel) == "reboot\r\n");
  CHECK(world.broker->wait_for_notice("started 1 kind=2 TERM=reboot echo $TERM\n"));
  CHECK(world.broker->notices().find("denied variable") == std::string::npos);
  (void)ssh_channel_close(channel);
  ssh_disconnect(client.get());
  REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
  CHECK(read_recording(world.broker->recording()).commands == std::vector<std::string>{"TERM=reboot echo $TERM"});
}

TEST_CASE("variables are set by plain names and plain values, whatever pattern allows them") {
  World world({}, SshdOptions{.extra = {"AcceptEnv *"}});
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  CHECK(ssh_channel_request_env(channel, "LC_GOOD", "good") == SSH_OK);
  CHECK(ssh_channel_request_env(channel, "LC_A=B", "x") == SSH_ERROR);
  CHECK(ssh_channel_request_env(channel, "LC_A B", "x") == SSH_ERROR);
  CHECK(ssh_channel_request_env(channel, ("LC_" + std::string(62, 'A')).c_str(), "x") == SSH_ERROR);
  CHECK(ssh_channel_request_env(channel, "LC_LINE", "one\ntwo") == SSH_ERROR);
  CHECK(ssh_channel_request_env(channel, "LC_LONG", std::string(65, 'x').c_str()) == SSH_ERROR);
  CHECK(ssh_channel_request_env(channel, "LD_PRELOAD", "x") == SSH_ERROR);
  REQUIRE(ssh_channel_request_exec(channel, "env | grep -E '^(LC_|LD_)'") == SSH_OK);
  CHECK(output_of(channel) == "LC_GOOD=good\n");
}

TEST_CASE("a terminal of a million columns is bounded before it reaches the target, asked for and changed") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_pty_size(channel, "xterm", 1000000, -1) == SSH_OK);
  REQUIRE(ssh_channel_change_pty_size(channel, -2, 1000000) == SSH_OK);
  REQUIRE(ssh_channel_request_exec(channel, "stty size") == SSH_OK);
  CHECK(output_of(channel) == "2000 2000\r\n");
  REQUIRE(world.broker->wait_for_notice("ended 1"));
}

TEST_CASE("a window change without a terminal changes nothing") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "cat") == SSH_OK);
  (void)ssh_channel_change_pty_size(channel, 100, 50);
  (void)ssh_channel_send_eof(channel);
  CHECK(output_of(channel).empty());
  ssh_disconnect(client.get());
  REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
  CHECK(read_recording(world.broker->recording()).sizes.empty());
}

TEST_CASE("signals of the standard are passed on, others are not, and the target's own comes back") {
  World world({}, SshdOptions{.extra = {"LogLevel DEBUG3"}});
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  std::string died_of;
  ssh_channel_callbacks_struct callbacks{};
  callbacks.userdata = &died_of;
  callbacks.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* name, int, const char*, const char*,
                                              void* user) { *static_cast<std::string*>(user) = name; };
  callbacks.size = sizeof callbacks;
  REQUIRE(ssh_set_channel_callbacks(channel, &callbacks) == SSH_OK);
  REQUIRE(ssh_channel_request_exec(channel, "exec sleep 60") == SSH_OK);
  CHECK(ssh_channel_request_send_signal(channel, "KILL\x1b[2J") == SSH_OK);
  CHECK(ssh_channel_request_send_signal(channel, "WINCH") == SSH_OK);
  CHECK(ssh_channel_request_send_signal(channel, "TERM") == SSH_OK);
  CHECK(client.until([&] { return !died_of.empty(); }));
  CHECK(died_of == "TERM");
  CHECK(world.sshd.log().find("WINCH") == std::string::npos);
  CHECK(world.sshd.log().find("KILL") == std::string::npos);
}

TEST_CASE("what a client sends to stderr goes nowhere") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "cat") == SSH_OK);
  CHECK(ssh_channel_write_stderr(channel, "hidden", 6) == 6);
  CHECK(ssh_channel_write(channel, "seen", 4) == 4);
  (void)ssh_channel_send_eof(channel);
  CHECK(output_of(channel) == "seen");
}

TEST_CASE("why a session ends is read on the channel, after all that was there before") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "echo before; exec sleep 60") == SSH_OK);
  char first[7];
  REQUIRE(ssh_channel_read(channel, first, sizeof first, 0) == sizeof first);
  world.broker->command('E');
  std::string told;
  CHECK(client.until([&] {
    char bytes[256];
    const int got = ssh_channel_read_nonblocking(channel, bytes, sizeof bytes, 1);
    if (got > 0) told.append(bytes, static_cast<std::size_t>(got));
    return told == "An administrator ended this session.\n";
  }));
}

TEST_CASE("X11 is refused and noticed") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  CHECK(ssh_channel_request_x11(channel, 0, "MIT-MAGIC-COOKIE-1", "00112233445566778899aabbccddeeff", 0) == SSH_ERROR);
  CHECK(world.broker->wait_for_notice("denied X11 forwarding"));
  std::string said(200, ' ');
  said.resize(static_cast<std::size_t>(std::max(0, ssh_channel_read_timeout(channel, said.data(), 200, 1, 30000))));
  CHECK(said == "X11 forwarding (-X) is not offered through this broker.\n");
}

TEST_CASE("a command that cannot be recorded whole is refused") {
  World world;
  const auto done = world.run_ssh({}, {"true " + std::string(105000, 'x')});
  CHECK(done.status != 0);
  CHECK(world.broker->wait_for_notice("denied command that is too long"));
  CHECK(world.broker->notices().find("started") == std::string::npos);
}

TEST_CASE("sftp with a terminal is refused: the bytes would not be sftp's alone") {
  World world;
  CHECK(world.run_ssh({"-tt", "-s"}, {"sftp"}).status != 0);
  CHECK(world.broker->wait_for_notice("denied subsystem sftp"));
}

TEST_CASE("what is asked while input is frozen waits, within a bound") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  SECTION("a command starts after the thaw") {
    world.broker->command('F');
    REQUIRE(world.broker->wait_for_notice("command F"));
    ssh_set_blocking(client.get(), 0);
    REQUIRE(ssh_channel_request_exec(channel, "read x") == SSH_AGAIN);
    // Channels are opened while frozen: when this one is there, the wish before it has been seen, too.
    ssh_channel other = ssh_channel_new(client.get());
    CHECK(client.until([&] { return ssh_channel_open_session(other) == SSH_OK; }));
    CHECK(world.broker->notices().find("started") == std::string::npos);
    world.broker->command('T');
    CHECK(client.until([&] { return world.broker->notices().find("started 1") != std::string::npos; }));
  }
  SECTION("sixty-five wishes at once end the session") {
    REQUIRE(ssh_channel_request_exec(channel, "sleep 60") == SSH_OK);
    world.broker->command('F');
    REQUIRE(world.broker->wait_for_notice("command F"));
    for (int i = 0; i < 80; ++i) (void)ssh_channel_request_send_signal(channel, "USR1");
    CHECK(client.until([&] { return ssh_is_connected(client.get()) == 0; }));
    CHECK(world.broker->wait_for_notice("The client sent too many requests at once."));
  }
}

TEST_CASE("while input is frozen its end waits too, and no close reaches the target") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    ssh_channel channel = self.serve_login_and_exec(session);
    self.say("runs");
    // It was sent after whatever the client did: what has not come before it was held back.
    ssh_message second = self.next(session, SSH_REQUEST_CHANNEL_OPEN, SSH_CHANNEL_SESSION);
    self.say(ssh_channel_is_eof(channel) != 0 || ssh_channel_is_closed(channel) != 0 ? "too early" : "held");
    (void)ssh_message_channel_request_open_reply_accept(second);
    char byte = 0;
    (void)ssh_channel_read(channel, &byte, 1, 0);
    self.say(ssh_channel_is_eof(channel) != 0 || ssh_channel_is_closed(channel) != 0 ? "ended" : "lost");
  });
  World world(target.setup());
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "cat") == SSH_OK);
  REQUIRE(target.heard("runs"));
  world.broker->command('F');
  REQUIRE(world.broker->wait_for_notice("command F"));
  SECTION("end of input") { REQUIRE(ssh_channel_send_eof(channel) == SSH_OK); }
  SECTION("close") { REQUIRE(ssh_channel_close(channel) == SSH_OK); }
  (void)client.open();
  CHECK(target.heard("held"));
  world.broker->command('T');
  CHECK(target.heard("ended"));
  CHECK(target.said().find("too early") == std::string::npos);
}

TEST_CASE("channels wished for before the target is there wait, ten at most") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    (void)self.next(session, SSH_REQUEST_AUTH, SSH_AUTH_METHOD_PASSWORD);
    self.say("asked");  // and is never answered
    while (ssh_message_get(session) != nullptr) {
    }
  });
  World world(target.setup());
  RawClient client(world);
  client.log_in();
  ssh_set_blocking(client.get(), 0);
  std::vector<ssh_channel> channels;
  std::vector<int> outcomes(12, SSH_AGAIN);
  for (int i = 0; i < 12; ++i) channels.push_back(ssh_channel_new(client.get()));
  const auto ask = [&] {
    int refused = 0;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (outcomes[i] == SSH_AGAIN) outcomes[i] = ssh_channel_open_session(channels[i]);
      refused += outcomes[i] == SSH_ERROR ? 1 : 0;
    }
    return refused == 2;
  };
  CHECK(client.until(ask));
  CHECK(target.heard("asked"));
  CHECK(std::count(outcomes.begin(), outcomes.end(), SSH_AGAIN) == 10);
}

TEST_CASE("a refused session takes one channel, to tell why, and does not wait for ever") {
  BrokerSetup setup;
  setup.refusal = "Not today.";
  World world;
  SECTION("a second channel") {
    World refused(setup);
    RawClient client(refused);
    client.log_in();
    ssh_channel first = client.open();
    ssh_channel second = ssh_channel_new(client.get());
    CHECK(ssh_channel_open_session(second) == SSH_ERROR);
    REQUIRE(ssh_channel_request_exec(first, "id") == SSH_OK);
    CHECK(output_of(first) == "Not today.\r\n");
  }
  SECTION("a client that asks for nothing") {
    setup.bounds.refusal_time = base::Milliseconds{300};
    World refused(setup);
    RawClient client(refused);
    client.log_in();
    CHECK(client.until([&] { return ssh_is_connected(client.get()) == 0; }));
    CHECK(refused.broker->wait_for_notice("result authenticated=1 Not today."));
  }
}

TEST_CASE("a client that leaves its input behind does not keep the channel for ever") {
  BrokerSetup setup;
  setup.clock_speed = 20;
  World world(setup);
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  REQUIRE(ssh_channel_request_exec(channel, "exec sleep 60") == SSH_OK);
  ssh_set_blocking(client.get(), 0);
  // Until nothing more is taken: the target reads none of it.
  const std::string piece(32768, 'x');
  std::size_t sent = 0;
  int stalled = 0;
  CHECK(client.until([&] {
    const int done = ssh_channel_write(channel, piece.data(), static_cast<std::uint32_t>(piece.size()));
    if (done > 0) sent += static_cast<std::size_t>(done);
    stalled = done > 0 ? 0 : stalled + 1;
    return stalled == 20;
  }));
  INFO(sent << world.broker->notices() << client.farewell());
  CHECK(sent > 2000000);
  (void)ssh_channel_close(channel);
  CHECK(client.until([&] { return world.broker->notices().find("ended 1") != std::string::npos; }));
}
