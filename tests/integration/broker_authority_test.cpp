// A vault that is gone, silent or slow to sign; and what it says, shown to a terminal.
#include <fcntl.h>
#include <signal.h>

#include "broker_fixture.hpp"
#include "recorded.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

bool has_escape(const std::string& text) { return text.find('\x1b') != std::string::npos; }

}  // namespace

TEST_CASE("a vault that goes away ends the session in a sentence") {
  World world;
  base::Command line;
  line.argv = world.ssh({}, {"sleep 60"});
  line.environment = {"PATH=/usr/bin:/bin"};
  auto client = base::Child::spawn(line, {}).value();
  REQUIRE(world.broker->wait_for_notice("started 1"));
  world.broker->command('L');
  CHECK(client.wait(std::chrono::seconds{5}) == 255);
  CHECK(world.broker->wait_for_notice("the vault cannot be reached."));
}

TEST_CASE("a vault that takes no question lets nobody in") {
  BrokerSetup setup;
  setup.lost_at = "ask";
  World world(setup);
  CHECK(world.run_ssh({}, {"id"}).status == 255);
  CHECK(world.broker->wait_for_notice("result authenticated=0 This session was ended because the vault"));
}

TEST_CASE("a vault that takes no question about a command keeps it from the target") {
  BrokerSetup setup;
  setup.lost_at = "channel";
  World world(setup);
  const auto marker = std::filesystem::temp_directory_path() / ("sp-untold-" + world.login);
  const auto done = world.run_ssh({}, {"touch " + marker.string()});
  CHECK(done.status == 255);
  CHECK(world.broker->wait_for_notice("result authenticated=1 This session was ended because the vault"));
  REQUIRE(world.sshd.wait_for_log("Close session: user"));
  CHECK(world.sshd.log().find("Starting session") == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(marker));
}

TEST_CASE("a vault that does not answer is not waited for without end") {
  BrokerSetup setup;
  setup.bounds.answer_timeout = base::Milliseconds{300};
  std::string sentence = "the vault cannot be reached.";
  SECTION("about a proof") { setup.silent_to = "proof"; }
  SECTION("about the session") { setup.silent_to = "open"; }
  SECTION("with the target's connection") {
    setup.silent_to = "resources";
    sentence = "The session could not be prepared in time.";
  }
  SECTION("about the credential") { setup.silent_to = "credential"; }
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status != 0);
  CHECK(world.broker->wait_for_notice(sentence));
  CHECK(world.sshd.log().find("Accepted") == std::string::npos);
}

TEST_CASE("nobody's failure is what the vault did not judge, but not what its giver did not wait for") {
  BrokerSetup setup;
  setup.silent_to = "proof";
  SECTION("the vault says nothing") {
    setup.bounds.answer_timeout = base::Milliseconds{300};
    World world(setup);
    CHECK(world.run_ssh({}, {"id"}).status == 255);
    REQUIRE(world.broker->wait_for_notice("result authenticated=0"));
    CHECK(world.broker->notices().find("undecided") != std::string::npos);
  }
  SECTION("the client leaves first") {
    World world(setup);
    base::Command line;
    line.environment = {"PATH=/usr/bin:/bin"};
    line.argv = world.ssh({}, {"id"});
    auto client = base::Child::spawn(line, {}).value();
    REQUIRE(world.broker->wait_for_notice("key offered good"));
    client.signal(SIGKILL);
    REQUIRE(world.broker->wait_for_notice("result authenticated=0"));
    CHECK(world.broker->notices().find("undecided") == std::string::npos);
  }
}

TEST_CASE("a credential that is not handed out any more is a refusal, and the target hears nothing") {
  BrokerSetup setup;
  setup.credential_refusal = "this session is being ended";
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 5);
  CHECK(text_of(done.err).find(setup.credential_refusal) != std::string::npos);
  CHECK(world.sshd.log().find("Accepted") == std::string::npos);
}

TEST_CASE("a vault that does not say whether a command may start ends the session") {
  BrokerSetup setup;
  setup.bounds.answer_timeout = base::Milliseconds{300};
  setup.silent_to = "channel";
  World world(setup);
  CHECK(world.run_ssh({}, {"id"}).status != 0);
  CHECK(world.broker->wait_for_notice("over reason=" + std::to_string(int(recorder::EndReason::vault_lost))));
  CHECK(world.sshd.log().find("Starting session") == std::string::npos);
}

TEST_CASE("each channel of an old connection asks again, and reads why it may not start") {
  BrokerSetup setup;
  setup.channel_refusal = "The checkout has ended; check the account out again.";
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 5);
  CHECK(text_of(done.err).find(setup.channel_refusal) != std::string::npos);
  CHECK(world.broker->wait_for_notice("refused 1"));
  CHECK(world.sshd.log().find("Starting session") == std::string::npos);
}

TEST_CASE("what runs and is no longer included is told so and ends, the rest goes on") {
  World world;
  const auto control = (world.directory.path() / "mux").string();
  base::Command line;
  line.environment = {"PATH=/usr/bin:/bin"};
  line.argv = world.ssh({"-o", "ControlMaster=yes", "-o", "ControlPath=" + control, "-tt"}, {});
  int typed[2];
  REQUIRE(pipe2(typed, O_CLOEXEC) == 0);
  const base::UniqueFd keyboard(typed[1]);
  auto shell = base::Child::spawn(line, {base::UniqueFd(typed[0]), {}, {}}).value();
  REQUIRE(world.broker->wait_for_notice("started 1"));
  line.argv = world.ssh({"-o", "ControlPath=" + control}, {"sleep 600"});
  auto command = base::Child::spawn(line, {}).value();
  REQUIRE(world.broker->wait_for_notice("started 2"));
  world.broker->command('X');
  CHECK(command.wait(std::chrono::seconds{20}) == 5);
  CHECK(world.run_ssh({"-o", "ControlPath=" + control}, {"id"}).status == 5);
  CHECK(world.broker->notices().find("ended 1") == std::string::npos);
  REQUIRE(base::write_all(keyboard.get(), base::as_bytes("exit 7\n")));
  CHECK(shell.wait(std::chrono::seconds{20}) == 7);
}

TEST_CASE("places in the recording are signed as it grows, and a vault that signs none ends the session") {
  BrokerSetup setup;
  setup.clock_speed = 20;
  SECTION("signed") {
    World world(setup);
    CHECK(world.run_ssh({}, {"echo one; sleep 1.5; echo two"}).status == 0);
    REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
    CHECK(world.broker->notices().find("checkpoint ") != std::string::npos);
    CHECK(read_recording(world.broker->recording()).checkpoints > 0);
  }
  SECTION("not signed") {
    setup.silent_to = "checkpoint";
    World world(setup);
    CHECK(world.run_ssh({}, {"echo one; sleep 20"}).status == 255);
    CHECK(world.broker->notices().find("checkpoint ") != std::string::npos);
    CHECK(world.broker->wait_for_notice("the vault cannot be reached."));
  }
}

TEST_CASE("no sentence and no banner commands the terminal that shows it") {
  BrokerSetup setup;
  const std::string evil = "\x1b]0;owned\x07 stay calm";
  SECTION("a refusal") {
    setup.refusal = evil;
    World world(setup);
    const auto done = world.run_ssh({}, {"id"});
    CHECK(text_of(done.err).find("stay calm") != std::string::npos);
    CHECK_FALSE(has_escape(text_of(done.err)));
  }
  SECTION("an end") {
    setup.end_sentence = evil;
    World world(setup);
    base::Command line;
    line.argv = world.ssh({}, {"sleep 60"});
    line.environment = {"PATH=/usr/bin:/bin"};
    const auto shown = world.directory.path() / "shown";
    base::UniqueFd err(open(shown.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    auto client = base::Child::spawn(line, {{}, {}, std::move(err)}).value();
    REQUIRE(world.broker->wait_for_notice("started 1"));
    world.broker->command('E');
    CHECK(client.wait(std::chrono::seconds{5}) == 255);
    const auto text = text_of(base::read_file(shown, 65536).value());
    CHECK(text.find("stay calm") != std::string::npos);
    CHECK_FALSE(has_escape(text));
  }
  SECTION("a banner") {
    setup.banner = evil;
    World world(setup);
    const auto done = world.run_ssh({"-tt"}, {"true"});
    CHECK(done.status == 0);
    CHECK_FALSE(has_escape(text_of(done.out) + text_of(done.err)));
  }
}

TEST_CASE("what a client asks for is written escaped into every notice") {
  BrokerSetup setup;
  setup.policy.exec = false;
  World world(setup);
  (void)world.run_ssh({}, {"echo \x1b[2J"});
  (void)world.run_ssh({"-s"}, {"net\x1b[2Jconf"});
  (void)world.run_ssh({"-W", "evil\x1b[2J:22"}, {});
  CHECK(world.broker->wait_for_notice("denied single commands echo \\x1b[2J"));
  CHECK(world.broker->wait_for_notice("denied subsystem net\\x1b[2Jconf"));
  CHECK(world.broker->wait_for_notice("denied local forward evil\\x1b[2J:22"));
  (void)world.run_ssh({"-N", "-o", "ExitOnForwardFailure=yes", "-R", "ev\x1b[2Jil:0:127.0.0.1:22"}, {});
  CHECK(world.broker->wait_for_notice("denied remote forward ev\\x1b[2Jil:0"));
  CHECK_FALSE(has_escape(world.broker->notices()));
  World open;
  (void)open.run_ssh({}, {"echo \x1b[2J"});
  CHECK(open.broker->wait_for_notice("started 1 kind=2 echo \\x1b[2J"));
}
