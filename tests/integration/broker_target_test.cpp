// A hostile target: what it may not do to the broker, to the client and to the credential.
#include <fcntl.h>
#include <unistd.h>

#include "peers.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"

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
