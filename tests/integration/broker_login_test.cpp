// Who gets in, and by which proofs.
#include <fstream>

#include "broker_fixture.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// ssh that is asked: `answers` are given to the prompts in turn, and each prompt is noted in $DIR/prompts.
base::Finished ask_ssh(const World& world, const std::string& password, const std::string& code,
                       const std::string& more, const std::string& who = "$WHO") {
  const auto script = world.directory.path() / "askpass";
  std::ofstream(script) << "#!/bin/sh\necho \"$1\" >> " << (world.directory.path() / "prompts").string()
                        << "\ncase \"$1\" in *code*) echo '" << code << "';; *) echo '" << password << "';; esac\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  return world.shell(
      "SSH_ASKPASS=$DIR/askpass SSH_ASKPASS_REQUIRE=force ssh -F none -p $PORT -o StrictHostKeyChecking=no "
      "-o UserKnownHostsFile=/dev/null " +
      more + " -o LogLevel=ERROR -o NumberOfPasswordPrompts=2 " + who + " echo in");
}

std::string prompts(const World& world) { return text_of(world.shell("cat $DIR/prompts 2>/dev/null").out); }

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("password, then the code by keyboard-interactive") {
  BrokerSetup setup;
  setup.wants_code = true;
  World world(setup);
  const auto done = ask_ssh(world, "open sesame", "123456",
                            "-o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive");
  INFO(text_of(done.err) << world.broker->notices());
  CHECK(text_of(done.out) == "in\n");
  CHECK(count(prompts(world), "One-time code: ") == 1);
}

TEST_CASE("after the first proof nothing but the code is left to show") {
  BrokerSetup setup;
  setup.wants_code = true;
  World world(setup);
  const auto done = ask_ssh(world, "open sesame", "654321", "-o LogLevel=DEBUG1 -o IdentitiesOnly=yes -i $KEY");
  const auto log = text_of(done.err);
  const auto partial = log.find("Authenticated using \"publickey\" with partial success.");
  REQUIRE(partial != log.npos);
  const auto left = log.find("Authentications that can continue: ", partial);
  REQUIRE(left != log.npos);
  CHECK(log.find("Authentications that can continue: keyboard-interactive\r", partial) == left);
  CHECK(log.find("publickey,", partial) == log.npos);
}

TEST_CASE("keyboard-interactive alone asks for password and code") {
  BrokerSetup setup;
  setup.wants_code = true;
  World world(setup);
  const auto done = ask_ssh(world, "open sesame", "123456", "-o PreferredAuthentications=keyboard-interactive");
  CHECK(text_of(done.out) == "in\n");
  CHECK(prompts(world).find("Password: ") < prompts(world).find("One-time code: "));
}

TEST_CASE("a key, then the code") {
  BrokerSetup setup;
  setup.wants_code = true;
  World world(setup);
  CHECK(text_of(ask_ssh(world, "", "123456", "-o IdentitiesOnly=yes -i $KEY").out) == "in\n");
  CHECK(prompts(world).find("assword") == std::string::npos);
}

TEST_CASE("a wrong code lets nobody in, and nothing reaches the target") {
  BrokerSetup setup;
  setup.wants_code = true;
  World world(setup);
  CHECK(ask_ssh(world, "", "654321",
                "-o IdentitiesOnly=yes -i $KEY -o PreferredAuthentications=publickey,keyboard-interactive")
            .status == 255);
  CHECK(world.broker->notices().find("code bad") != std::string::npos);
  CHECK(world.broker->notices().find("open ") == std::string::npos);
}

TEST_CASE("a code without a first proof is never asked for") {
  BrokerSetup setup;
  setup.wants_code = true;
  World world(setup);
  CHECK(ask_ssh(world, "wrong", "123456", "-o PreferredAuthentications=keyboard-interactive").status == 255);
  CHECK(prompts(world).find("One-time code") == std::string::npos);
  CHECK(world.broker->notices().find("code") == std::string::npos);
}

TEST_CASE("an unknown user and a name that is none see what a known user with a wrong password sees") {
  World world;
  const std::string options = "-v -o PubkeyAuthentication=no -o LogLevel=DEBUG1";
  const auto methods = [](const base::Finished& done) {
    std::string seen;
    const auto text = text_of(done.err);
    for (auto at = text.find("Authentications that can continue"); at != std::string::npos;
         at = text.find("Authentications that can continue", at + 1)) {
      seen += text.substr(at, text.find('\n', at) - at) + "\n";
    }
    return seen;
  };
  const auto known = methods(ask_ssh(world, "wrong", "", options));
  CHECK(known.find("publickey,keyboard-interactive,password") != std::string::npos);
  for (const std::string who :
       {"bob+root+web1@127.0.0.1", "ALICE+root+web1@127.0.0.1", "alice++web1@127.0.0.1", "'-l' 'ali ce' 127.0.0.1"}) {
    const auto done = ask_ssh(world, "open sesame", "", options, who);
    CHECK(done.status == 255);
    CHECK(methods(done) == known);
  }
}

TEST_CASE("six failed proofs end the connection") {
  World world;
  (void)ask_ssh(world, "wrong", "",
                "-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=20 -o PreferredAuthentications=password");
  CHECK(count(world.broker->notices(), "password bad") == 6);
  CHECK(world.broker->wait_for_notice("Too many authentication failures."));
}

TEST_CASE("another user's key is refused, and so is a certificate") {
  World world;
  const auto other = make_key_file(world.directory.path(), "mallory");
  CHECK(world
            .shell("ssh -F none -p $PORT -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o "
                   "UserKnownHostsFile=/dev/null -i " +
                   other.path.string() + " $WHO true")
            .status == 255);
  REQUIRE(
      world.shell("ssh-keygen -q -s " + other.path.string() + " -I x -n alice " + world.alice.path.string() + ".pub")
          .status == 0);
  const auto done = world.shell("ssh $SSH_OPTS -p $PORT -o CertificateFile=$KEY-cert.pub $WHO echo in");
  CHECK(text_of(done.out) == "in\n");  // the plain key follows the refused certificate
  CHECK(count(world.broker->notices(), "key offered bad") == 1);
}

TEST_CASE("a client that says nothing is ended by the grace time") {
  BrokerSetup setup;
  setup.bounds.grace = base::Milliseconds{300};
  World world(setup);
  const auto bash =
      world.shell("bash -c 'exec 3<>/dev/tcp/127.0.0.1/$PORT; cat <&3 >/dev/null'", std::chrono::milliseconds{5000});
  CHECK(bash.status == 0);
  CHECK(world.broker->wait_for_notice("The time to log in is over."));
}

TEST_CASE("a client without a terminal is told why it is not let in, and nothing is counted against anybody") {
  BrokerSetup setup;
  setup.wants_code = true;
  World world(setup);
  const std::string ssh = "setsid -w ssh -F none -p $PORT -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ";
  SECTION("it answers with nothing") {
    const auto done = world.shell(ssh + "-o IdentitiesOnly=yes -i $KEY $WHO echo in </dev/null");
    INFO(text_of(done.err));
    CHECK(done.status == 255);
    CHECK(text_of(done.err).find("No answer came to the question for a one-time code") != std::string::npos);
  }
  SECTION("it asks for no password either") {
    const auto done = world.shell(ssh + "-o PubkeyAuthentication=no $WHO echo in </dev/null");
    INFO(text_of(done.err));
    CHECK(done.status == 255);
    CHECK(text_of(done.err).find("No answer came to the question for a password") != std::string::npos);
  }
  SECTION("it may not ask") {
    const auto done = world.shell(ssh + "-o IdentitiesOnly=yes -o BatchMode=yes -i $KEY $WHO echo in");
    INFO(text_of(done.err));
    CHECK(done.status == 255);
    CHECK(text_of(done.err).find("A one-time code is asked for next.") != std::string::npos);
  }
  CHECK(world.broker->wait_for_notice("result authenticated=0"));
  CHECK(world.broker->notices().find("code bad") == std::string::npos);
  CHECK(world.broker->notices().find("password bad") == std::string::npos);
}
