// What the broker does not do, and how it says so.
#include <sys/socket.h>

#include <fstream>
#include <thread>

#include "broker_fixture.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/recorder/disk_writer.hpp"
#include "sallyport/recorder/recorder.hpp"
#include "support/catch.hpp"
#include "typing_client.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("forwards of every kind are refused and noticed") {
  World world;
  const auto port = std::to_string(free_port());
  const auto direct = world.shell("ssh $SSH_OPTS -p $PORT -W 127.0.0.1:22 $WHO </dev/null");
  CHECK(direct.status == 255);
  CHECK(text_of(direct.err).find("Local forwards (-L, -D, -W, -J) are not offered") != std::string::npos);
  CHECK(world.broker->wait_for_notice("denied local forward 127.0.0.1:22"));
  const auto remote =
      world.shell("ssh $SSH_OPTS -p $PORT -o ExitOnForwardFailure=yes -R " + port + ":127.0.0.1:22 $WHO true");
  CHECK(remote.status == 255);
  CHECK(world.broker->wait_for_notice("denied remote forward"));
  const auto socket =
      world.shell("ssh $SSH_OPTS -p $PORT -o ExitOnForwardFailure=yes -R /tmp/sp-none.sock:127.0.0.1:22 $WHO true");
  CHECK(socket.status == 255);
  const auto agent = world.shell(
      "eval $(ssh-agent) >/dev/null; ssh $SSH_OPTS -A -p $PORT $WHO 'echo [$SSH_AUTH_SOCK]'; kill $SSH_AGENT_PID");
  CHECK(text_of(agent.out) == "[]\n");
  CHECK(text_of(agent.err).find("Agent forwarding (-A) is not offered") != std::string::npos);
  CHECK(world.broker->wait_for_notice("denied agent forwarding"));
  const auto subsystem = world.shell("ssh $SSH_OPTS -p $PORT -s $WHO netconf");
  CHECK(subsystem.status != 0);
  CHECK(world.broker->wait_for_notice("denied subsystem netconf"));
}

TEST_CASE("each refused forward says why on the channel's stderr, once") {
  World world;
  const auto port = std::to_string(free_port());
  const auto says = [](const base::Finished& done, const std::string& sentence) {
    const auto text = text_of(done.err);
    INFO(text);
    CHECK(text.find(sentence) != std::string::npos);
    CHECK(text.find(sentence) == text.rfind(sentence));
  };
  // The stream is asked for twice while the command runs.
  const auto stream = [&](const std::string& option, const std::string& use) {
    return world.shell("mkfifo $DIR/in $DIR/out; exec 8<>$DIR/in 9<>$DIR/out; ssh $SSH_OPTS -p $PORT " + option +
                       " $WHO 'echo up; read x' <$DIR/in >$DIR/out 8>&- 9>&- & read up <&9; " + use + "; " + use +
                       "; echo over >&8; wait");
  };
  const std::string connect = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + port + "; cat <&3'";
  SECTION("-L") {
    says(stream("-L " + port + ":127.0.0.1:22", connect), "Local forwards (-L, -D, -W, -J) are not offered");
  }
  SECTION("-L of a socket") {
    says(stream("-L " + port + ":/tmp/sp-none.sock", connect), "Forwards of sockets and tunnels (-L with a path, -w)");
  }
  SECTION("-R") {
    says(world.shell("ssh $SSH_OPTS -p $PORT -R " + port + ":127.0.0.1:22 $WHO true"),
         "Remote forwards (-R) are not offered");
  }
}

TEST_CASE("a jump over the broker is told what to do instead") {
  World world;
  const auto done =
      world.shell("ssh $SSH_OPTS -o 'ProxyCommand=ssh '\"$SSH_OPTS\"' -p '$PORT' -W %h:%p '$WHO root@web2 true");
  CHECK(done.status == 255);
  INFO(text_of(done.err));
  CHECK(text_of(done.err).find("naming it in the login: USER+ACCOUNT+TARGET") != std::string::npos);
}

TEST_CASE("what the grant does not include is refused in a sentence") {
  BrokerSetup setup;
  setup.policy = {.shell = true, .exec = false, .sftp = false, .scp = false};
  World world(setup);
  const auto exec = world.run_ssh({}, {"id"});
  CHECK(exec.status == 5);
  CHECK(text_of(exec.out).empty());
  CHECK(text_of(exec.err).find("does not include single commands") != std::string::npos);
  CHECK(world.shell("scp -O $SSH_OPTS -P $PORT /etc/hostname $WHO:/tmp/sp-refused").status != 0);
  CHECK(world.broker->wait_for_notice("denied scp scp -t /tmp/sp-refused"));
  CHECK(world.shell("scp $SSH_OPTS -P $PORT /etc/hostname $WHO:/tmp/sp-refused").status != 0);
  CHECK_FALSE(std::filesystem::exists("/tmp/sp-refused"));
}

TEST_CASE("a command that only looks like scp goes by the rules for commands") {
  BrokerSetup setup;
  setup.policy = {.shell = false, .exec = false, .sftp = false, .scp = true};
  World world(setup);
  const std::string command = GENERATE("scp -t /tmp/x; id", "scp -t /tmp/x id", "scp -t $(id)", "scp -S id -t /tmp/x",
                                       "scp -t '/tmp/x", "scp -t /tmp/x\nid", "scp -t 'a\\'x'; id #'", "scp -t =id");
  const auto done = world.run_ssh({}, {command});
  CHECK(done.status == 5);
  CHECK(text_of(done.out).empty());
  const auto terminal = world.run_ssh({"-tt"}, {"scp -t /tmp/x"});
  CHECK(terminal.status == 5);
}

TEST_CASE("a refusal of the vault is read by the person") {
  BrokerSetup setup;
  setup.refusal = "You have no active role for root@web1. Ask for one with: sallyport request dba";
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 5);
  CHECK(text_of(done.err).find("sallyport request dba") != std::string::npos);
}

TEST_CASE("a target with another host key sees no attempt to log in") {
  BrokerSetup setup;
  setup.pin = certs::generate_ssh_key("other").value().public_key.blob();
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 5);
  CHECK(text_of(done.err).find("host key is not the one that was registered") != std::string::npos);
  CHECK(text_of(done.err).find("No credential was sent") != std::string::npos);
  CHECK(world.sshd.wait_for_log("Connection"));
  const auto log = world.sshd.log();
  CHECK(log.find(world.login) == std::string::npos);
  CHECK(log.find("Accepted") == std::string::npos);
}

TEST_CASE("a credential that the target refuses is told, and not shown") {
  BrokerSetup setup;
  setup.kind = broker::CredentialKind::password;
  setup.credential = "not-the-password";
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 5);
  CHECK(text_of(done.err).find("did not accept the account's credential") != std::string::npos);
  CHECK(text_of(done.err).find("not-the-password") == std::string::npos);
}

TEST_CASE("a target that is down or silent ends the attempt with a sentence") {
  BrokerSetup setup;
  SECTION("down") {
    setup.target_port = free_port();
    World world(setup);
    CHECK(text_of(world.run_ssh({}, {"id"}).err).find("cannot be reached") != std::string::npos);
  }
  SECTION("silent") {
    // Connections wait in the backlog of a listener that never answers.
    base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::listen(listener.get(), 8) == 0);
    setup.target_port = port_of(listener.get());
    setup.bounds.upstream_timeout = base::Milliseconds{300};
    World world(setup);
    CHECK(text_of(world.run_ssh({}, {"id"}).err).find("did not answer in time") != std::string::npos);
  }
}

TEST_CASE("a session that cannot be recorded from the start never reaches the target") {
  BrokerSetup setup;
  setup.recording_limit = 1;
  World world(setup);
  const auto done = world.run_ssh({}, {"id"});
  CHECK(done.status == 5);
  CHECK(text_of(done.err).find("cannot be recorded") != std::string::npos);
  CHECK(world.sshd.log().find("Accepted") == std::string::npos);
}

TEST_CASE("freeze stops the input, output goes on, thaw lets it go") {
  World world;
  const auto mark = mark_of(world);
  const auto running = start(world, "exec 3<&0; while read x; do echo got $x; done <&3 & until [ -e " + mark.string() +
                                        " ]; do sleep 0.1; done; echo goes on; wait");
  running.type("early\n");
  REQUIRE(running.shows("got early\n"));
  world.broker->command('F');
  REQUIRE(world.broker->wait_for_notice("command F"));
  running.type("typed\n");
  std::ofstream(mark).put('x');
  REQUIRE(running.shows("goes on\n"));
  CHECK_FALSE(running.has_shown("typed"));
  world.broker->command('T');
  CHECK(running.shows("got typed\n"));
}

TEST_CASE("the vault ends a session with a sentence") {
  World world;
  std::thread judge([&world] {
    REQUIRE(world.broker->wait_for_notice("started 1"));
    world.broker->command('E');
  });
  const auto done = world.run_ssh({}, {"sleep 20"});
  judge.join();
  CHECK(done.status == 255);
  CHECK(text_of(done.err).find("An administrator ended this session.") != std::string::npos);
  CHECK(world.broker->wait_for_notice("over reason=3 recorded"));
}

TEST_CASE("time limits end a session") {
  BrokerSetup setup;
  SECTION("whole time") { setup.max_duration = base::Milliseconds{400}; }
  SECTION("idle") { setup.max_idle = base::Milliseconds{400}; }
  World world(setup);
  const auto done = world.run_ssh({}, {"sleep 20"});
  CHECK(done.status == 255);
  CHECK(world.broker->wait_for_notice("over reason=2 recorded"));
}

TEST_CASE("more channels than allowed are refused") {
  BrokerSetup setup;
  setup.bounds.max_channels = 2;
  World world(setup);
  const auto done = world.shell(
      "ssh $SSH_OPTS -p $PORT -M -S $DIR/mux -o ControlPersist=yes -N -f $WHO && "
      "(ssh $SSH_OPTS -S $DIR/mux $WHO 'sleep 2' & ssh $SSH_OPTS -S $DIR/mux $WHO 'sleep 2' & sleep 1; "
      "ssh $SSH_OPTS -S $DIR/mux $WHO true; echo third $?; wait); ssh $SSH_OPTS -S $DIR/mux -O exit $WHO 2>/dev/null");
  CHECK(world.broker->wait_for_notice("denied channel beyond the limit"));
}
