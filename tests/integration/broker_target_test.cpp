// A hostile target: what it may not do to the broker, to the client and to the credential.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <random>

#include "peers.hpp"
#include "relay.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/process_io.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

const char* word_of(int outcome) { return outcome == SSH_OK ? "opened" : "refused"; }

/// Asks by keyboard-interactive with these prompts, so many times, and says what came back.
void ask(ssh_session session, RawTarget& self, std::vector<const char*> prompts, bool echo, int rounds) {
  ssh_message message = self.next(session, SSH_REQUEST_AUTH, SSH_AUTH_METHOD_INTERACTIVE);
  std::string echoes(prompts.size(), echo ? '\1' : '\0');
  for (int round = 0; round < rounds && message != nullptr; ++round) {
    (void)ssh_message_auth_interactive_request(message, "", "", static_cast<unsigned>(prompts.size()), prompts.data(),
                                               echoes.data());
    message = self.next(session, SSH_REQUEST_AUTH, SSH_AUTH_METHOD_INTERACTIVE);
    if (message == nullptr || ssh_message_auth_kbdint_is_response(message) != 1) return self.say("no answer");
    for (int i = 0; i < ssh_userauth_kbdint_getnanswers(session); ++i)
      self.say(std::string("answered ") + ssh_userauth_kbdint_getanswer(session, static_cast<unsigned>(i)));
  }
}

/// With status 3, and without waiting for anybody.
void hang_up(ssh_session session, ssh_channel channel) {
  (void)ssh_channel_request_send_exit_status(channel, 3);
  (void)ssh_channel_close(channel);
  (void)ssh_blocking_flush(session, 1000);
}

/// Always the same; not to be compressed, so that the recording's disk is kept busy.
std::string noise(std::size_t size) {
  std::mt19937 next(7);
  std::string bytes(size, 0);
  for (auto& byte : bytes) byte = static_cast<char>(next());
  return bytes;
}

/// A socket that is closed while something lies unread in it takes from its peer what that has not read yet.
void read_out(int socket) {
  std::array<char, 4096> piece{};
  while (read(socket, piece.data(), piece.size()) > 0) {
  }
}

/// libssh drops its goodbye where it has not just been told that it may write.
void say_goodbye(ssh_session session) {
  ssh_event event = ssh_event_new();
  (void)ssh_event_add_session(event, session);
  (void)ssh_event_dopoll(event, 0);
  (void)ssh_event_remove_session(event, session);
  ssh_event_free(event);
  ssh_disconnect(session);
}

/// ssh between two pipes; nobody reads its output until read_all().
class PipedClient {
 public:
  explicit PipedClient(const World& world) : child_(start(world)) {}

  base::Child& child() noexcept { return child_; }
  void press_key() const { (void)base::write_all(keyboard_.get(), base::as_bytes("x")); }
  void stop() {
    child_.signal(SIGSTOP);
    int status = 0;
    if (waitpid(child_.pid(), &status, WUNTRACED) != child_.pid()) throw std::runtime_error("ssh is gone");
  }
  char read_one() const {
    char one = 0;
    (void)!read(screen_.get(), &one, 1);
    return one;
  }
  std::string read_all() const {
    std::string all;
    std::array<char, 65536> piece{};
    for (ssize_t got = 1; got > 0; all.append(piece.data(), static_cast<std::size_t>(got)))
      got = std::max<ssize_t>(read(screen_.get(), piece.data(), piece.size()), 0);
    return all;
  }

 private:
  base::Child start(const World& world) {
    base::Command line;
    line.argv = world.ssh({}, {"id"});
    line.environment = {"PATH=/usr/bin:/bin"};
    int keys[2];
    int shown[2];
    if (pipe2(keys, O_CLOEXEC) != 0 || pipe2(shown, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    keyboard_.reset(keys[1]);
    screen_.reset(shown[0]);
    (void)fcntl(screen_.get(), F_SETPIPE_SZ, 4096);
    return base::Child::spawn(line, {base::UniqueFd(keys[0]), base::UniqueFd(shown[1]), {}}).value();
  }

  base::UniqueFd keyboard_;
  base::UniqueFd screen_;
  base::Child child_;
};

}  // namespace

TEST_CASE("a target that opens channels towards the client is refused each, and it is noticed") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    ssh_channel channel = self.serve_login_and_exec(session);
    self.say(std::string("forward ") +
             word_of(ssh_channel_open_reverse_forward(ssh_channel_new(session), "127.0.0.1", 22, "127.0.0.1", 22)));
    self.say(std::string("x11 ") + word_of(ssh_channel_open_x11(ssh_channel_new(session), "127.0.0.1", 6000)));
    self.say(std::string("agent ") + word_of(ssh_channel_open_auth_agent(ssh_channel_new(session))));
    self.say(std::string("session ") + word_of(ssh_channel_open_session(ssh_channel_new(session))));
    (void)ssh_channel_request_send_exit_status(channel, 3);
    (void)ssh_channel_close(channel);
    (void)ssh_blocking_flush(session, 1000);
  });
  World world(target.setup());
  CHECK(world.run_ssh({}, {"id"}).status == 3);
  CHECK(target.heard("end of the play"));
  CHECK(target.said() == "forward refused\nx11 refused\nagent refused\nsession refused\nend of the play\n");
  CHECK(world.broker->wait_for_notice("denied channel opened by the target forwarded connection"));
  CHECK(world.broker->wait_for_notice("denied channel opened by the target X11 forwarding"));
}

TEST_CASE("a target that hangs up at once does not cost the client the exit status") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    ssh_channel channel = self.serve_login_and_exec(session);
    (void)ssh_channel_write(channel, "!", 1);
    self.wait_for_key(channel);
    (void)ssh_channel_write(channel, "the tail", 8);
    hang_up(session, channel);
  });
  Relay relay(target.port());
  auto setup = target.setup();
  setup.target_port = relay.port();
  World world(setup);
  PipedClient client(world);
  REQUIRE(client.read_one() == '!');
  // All of it comes to the broker at once: output, status, close and goodbye.
  relay.stop_reading(true);
  client.press_key();
  REQUIRE(target.heard("end of the play"));
  // And all of it to the client, which would not look at the status if the broker's goodbye stood behind it.
  client.stop();
  relay.go_on();
  CHECK(world.broker->wait_for_notice("ended 1 status=3"));
  client.child().signal(SIGCONT);
  CHECK(client.read_all() == "the tail");
  CHECK(client.child().wait(std::chrono::seconds{20}) == 3);
}

TEST_CASE("a target that hangs up at once does not cost a slow client the last output") {
  constexpr std::size_t kWindow = 2U << 20U;  // OpenSSH's
  constexpr std::size_t kSize = kWindow + 16384;
  RawTarget target([](ssh_session session, RawTarget& self) {
    ssh_channel channel = self.serve_login_and_exec(session);
    const std::string output(kSize, 'x');
    (void)ssh_channel_write(channel, output.data(), kWindow - 8192);
    (void)ssh_channel_write(channel, output.data(), kSize - (kWindow - 8192));
    self.wait_for_key(channel);
    hang_up(session, channel);
  });
  World world(target.setup());
  PipedClient client(world);
  // The client's window is used up to the last byte: what is left waits in the broker.
  REQUIRE(has_passed(client.child().pid(), "rchar", kWindow));
  client.press_key();
  REQUIRE(target.heard("end of the play"));
  CHECK(client.read_all().size() == kSize);
  CHECK(client.child().wait(std::chrono::seconds{20}) == 3);
}

TEST_CASE("a target that hangs up while much is on its way ends the client's command whole, or without a status") {
  constexpr std::size_t kSize = (2U << 20U) + (512U << 10U);  // more than the client's window: the rest waits in libssh
  bool says_goodbye = false;
  SECTION("it closes the connection") {}
  SECTION("it says goodbye, upon which libssh forgets what it holds") { says_goodbye = true; }
  RawTarget target([says_goodbye](ssh_session session, RawTarget& self) {
    ssh_channel channel = self.serve_login_and_exec(session);
    (void)ssh_channel_write(channel, noise(kSize).data(), kSize);
    self.wait_for_key(channel);
    hang_up(session, channel);
    const base::UniqueFd socket(dup(ssh_get_fd(session)));
    if (says_goodbye) say_goodbye(session);
    (void)shutdown(socket.get(), SHUT_WR);
    self.say("hung up");
    read_out(socket.get());
  });
  World world(target.setup());
  PipedClient client(world);
  client.press_key();
  REQUIRE(target.heard("hung up"));
  const auto start = std::chrono::steady_clock::now();
  if (says_goodbye) REQUIRE(world.broker->wait_for_notice("over reason="));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{5});  // for what is lost nobody waits
  const bool whole = client.read_all() == noise(kSize);
  const auto status = client.child().wait(std::chrono::seconds{20});
  CHECK(whole == !says_goodbye);
  CHECK(status == (says_goodbye ? 255 : 3));
}

TEST_CASE("a password is given to one hidden question, once, and to no other") {
  std::vector<const char*> prompts{"Password: "};
  bool echo = false;
  int rounds = 1;
  std::string heard = "end of the play\n";
  SECTION("one that is hidden") { heard = "answered Target-Secret-9\n" + heard; }
  SECTION("one that is hidden, twice") {
    rounds = 2;
    heard = "answered Target-Secret-9\nno answer\n" + heard;
  }
  SECTION("one that is shown") {
    echo = true;
    heard = "no answer\n" + heard;
  }
  SECTION("two at once") {
    prompts.push_back("And again: ");
    heard = "no answer\n" + heard;
  }
  RawTarget target([&](ssh_session session, RawTarget& self) {
    ssh_set_auth_methods(session, SSH_AUTH_METHOD_INTERACTIVE);
    ask(session, self, prompts, echo, rounds);
  });
  World world(target.setup());
  (void)world.run_ssh({}, {"id"});
  (void)target.heard("end of the play");
  CHECK(target.said() == heard);
}

TEST_CASE("the name of a target's signal cannot command a terminal or a log") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    ssh_channel channel = self.serve_login_and_exec(session);
    (void)ssh_channel_request_send_exit_signal(channel, "TERM\x1b[2J\nover reason=1", 0, "", "");
    (void)ssh_channel_close(channel);
    (void)ssh_blocking_flush(session, 1000);
  });
  World world(target.setup());
  const auto done = world.run_ssh({"-v"}, {"id"});
  CHECK(done.status == 255);
  CHECK(world.broker->wait_for_notice("ended 1 status=none signal=OTHER"));
  CHECK(world.broker->notices().find('\x1b') == std::string::npos);
  CHECK((text_of(done.err) + text_of(done.out)).find('\x1b') == std::string::npos);
}

TEST_CASE("a target that hangs up ends the session in a sentence") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    (void)self.serve_login_and_exec(session);
    (void)ssh_blocking_flush(session, 1000);
    _exit(0);
  });
  World world(target.setup());
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 255);
  INFO(text_of(done.err) << world.broker->notices());
  CHECK(text_of(done.err).find("The target closed the connection.") != std::string::npos);
  CHECK(world.broker->wait_for_notice("over reason=1 recorded The target closed the connection."));
}

TEST_CASE("a target that takes the credential and wants more is not logged in to") {
  if (!can_add_users()) return;
  World world({}, SshdOptions{.extra = {"AuthenticationMethods publickey,password"}});
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 5);
  CHECK(text_of(done.err).find("did not accept the account's credential") != std::string::npos);
}

TEST_CASE("a password that SSH cannot carry is not cut short and sent") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    while (ssh_message login = self.next(session, SSH_REQUEST_AUTH, SSH_AUTH_METHOD_PASSWORD)) {
      self.say("asked");
      (void)ssh_message_reply_default(login);
    }
  });
  auto setup = target.setup();
  setup.credential = std::string("half\0other", 10);
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(text_of(done.err).find("password cannot be sent by SSH") != std::string::npos);
  (void)target.heard("end of the play");
  CHECK(target.said().find("asked") == std::string::npos);
}
