// Shells and commands through the broker, with the stock client and a real sshd.
#include "broker_fixture.hpp"
#include "recorded.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("one command runs at the target and its exit status comes back") {
  World world;
  for (const int status : {0, 3, 255}) {
    const auto done = world.run_ssh({}, {"echo hello; echo oops >&2; exit " + std::to_string(status)});
    INFO(world.broker->notices());
    CHECK(done.status == status);
    CHECK(text_of(done.out) == "hello\n");
    CHECK(text_of(done.err) == "oops\n");
  }
  CHECK(world.broker->wait_for_notice("ended 1 status=255"));
}

TEST_CASE("a command that dies of a signal is seen as that") {
  World world;
  const auto done = world.run_ssh({}, {"kill -TERM $$"});
  CHECK(done.status == 255);
  CHECK(world.broker->wait_for_notice("signal=TERM"));
}

TEST_CASE("a terminal is a terminal and its size and type arrive") {
  World world;
  const auto done = world.shell(
      "stty rows 41 cols 97 2>/dev/null; ssh $SSH_OPTS -p $PORT -tt $WHO 'test -t 0 && echo tty $TERM' </dev/null");
  INFO(text_of(done.err));
  CHECK(done.status == 0);
  CHECK(text_of(done.out).find("tty") != std::string::npos);
}

TEST_CASE("a shell reads its commands from the client") {
  World world;
  const auto done = world.shell("printf 'echo one\\necho two\\nexit 4\\n' | ssh $SSH_OPTS -p $PORT -T $WHO");
  CHECK(done.status == 4);
  CHECK(text_of(done.out).find("one\ntwo\n") != std::string::npos);
  CHECK(world.broker->wait_for_notice("started 1 kind=1"));
}

TEST_CASE("only variables of the list are set at the target, and both kinds are told") {
  World world({}, SshdOptions{.extra = {"AcceptEnv *"}});
  const auto done = world.run_ssh({"-o", "SendEnv=LC_TEST", "-o", "SendEnv=SECRET_TEST", "-o", "SetEnv=LC_RUN=$(id)"},
                                  {"echo [$LC_TEST][$SECRET_TEST][$LC_RUN]"});
  CHECK(text_of(done.out) == "[from.alice][][]\n");
  const std::string command = "LC_TEST=from.alice echo [$LC_TEST][$SECRET_TEST][$LC_RUN]";
  CHECK(world.broker->wait_for_notice("started 1 kind=2 " + command + "\n"));
  CHECK(world.broker->wait_for_notice("SECRET_TEST (2 bytes)"));
  CHECK(world.broker->wait_for_notice("LC_RUN=$(id)"));
  CHECK(world.broker->notices().find("denied variable") == world.broker->notices().rfind("denied variable"));
  REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
  CHECK(read_recording(world.broker->recording()).commands == std::vector<std::string>{command});
}

TEST_CASE("the variables of a shell are recorded, since they may be what it does") {
  World world({}, SshdOptions{.extra = {"AcceptEnv *"}});
  const auto done = world.shell("echo exit 3 | LC_TIME=C ssh $SSH_OPTS -o SendEnv=LC_TIME -p $PORT -T $WHO");
  CHECK(done.status == 3);
  CHECK(world.broker->wait_for_notice("started 1 kind=1 LC_TIME=C\n"));
  REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
  CHECK(read_recording(world.broker->recording()).commands == std::vector<std::string>{"LC_TIME=C"});
}

TEST_CASE("the target's secret stands in no command, path or notice") {
  BrokerSetup setup;
  setup.kind = broker::CredentialKind::password;
  setup.credential = "Target-Secret-1";
  setup.policy.scp = false;
  World world(setup);
  const auto done = world.shell(
      "ssh $SSH_OPTS -p $PORT $WHO 'echo x Target-Secret-1'; ssh $SSH_OPTS -p $PORT $WHO \"echo Target'-'Secret-1\";"
      "echo 'mkdir /tmp/Target-Secret-1/x' | sftp $SSH_OPTS -P $PORT -b - $WHO;"
      "scp -O $SSH_OPTS -P $PORT $WHO:/tmp/Target-Secret-1 $DIR/x; ssh $SSH_OPTS -p $PORT -W Target-Secret-1:1 $WHO");
  INFO(text_of(done.out) << text_of(done.err) << world.broker->notices());
  CHECK(text_of(done.out).find("x Target-Secret-1\nTarget-Secret-1") != std::string::npos);
  CHECK(world.broker->wait_for_notice("started 1 kind=2 echo x <secret>\n"));
  CHECK(world.broker->wait_for_notice("started 1 kind=2 echo <secret>\n"));
  CHECK(world.broker->wait_for_notice("file /tmp/<secret>/x"));
  CHECK(world.broker->wait_for_notice("denied scp scp -f /tmp/<secret>"));
  CHECK(world.broker->wait_for_notice("denied local forward <secret>:1"));
  CHECK(world.broker->notices().find("Target-Secret-1") == std::string::npos);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(world.broker->directory())) {
    if (entry.path().extension() != ".spr") continue;
    const auto recorded = read_recording(entry.path());
    for (const auto& command : recorded.commands) CHECK(command.find("Target") == std::string::npos);
    for (const auto& file : recorded.files) CHECK(file.find("Target") == std::string::npos);
    files += recorded.files.size();
  }
  CHECK(files > 0);
}

TEST_CASE("several commands share one connection and overlap") {
  World world;
  const auto done = world.shell(
      "ssh $SSH_OPTS -p $PORT -M -S $DIR/mux -o ControlPersist=yes -N -f $WHO && "
      "for i in 1 2 3 4 5; do ssh $SSH_OPTS -S $DIR/mux $WHO \"sleep 0.2; echo $i; exit $i\"; echo status $?; done & "
      "wait; ssh $SSH_OPTS -S $DIR/mux $WHO 'echo last'; ssh $SSH_OPTS -S $DIR/mux -O exit $WHO 2>/dev/null");
  const auto out = text_of(done.out);
  INFO(out << text_of(done.err));
  for (int i = 1; i <= 5; ++i)
    CHECK(out.find(std::to_string(i) + "\nstatus " + std::to_string(i) + "\n") != std::string::npos);
  CHECK(out.find("last\n") != std::string::npos);
  CHECK(world.broker->wait_for_notice("over reason=1 recorded"));
  const auto notices = world.broker->notices();
  CHECK(notices.find("open alice") == notices.rfind("open alice"));
}

TEST_CASE("twenty megabytes go both ways unchanged") {
  World world;
  const auto done = world.shell(
      "head -c 20000000 /dev/urandom > $DIR/in && "
      "ssh $SSH_OPTS -p $PORT $WHO cat < $DIR/in > $DIR/out && sha256sum < $DIR/in && sha256sum < $DIR/out");
  INFO(text_of(done.err) << world.broker->notices());
  REQUIRE(done.status == 0);
  const auto out = text_of(done.out);
  REQUIRE(out.size() == 2 * 68);
  CHECK(out.substr(0, 64) == out.substr(68, 64));
}

TEST_CASE("twenty megabytes go both ways unchanged while new keys are agreed on, whoever wants them") {
  std::string by_client;
  SshdOptions target{.extra = {"LogLevel DEBUG1"}};
  SECTION("the client") { by_client = "-o RekeyLimit=1M "; }
  SECTION("the target") { target.extra.emplace_back("RekeyLimit 1M"); }
  SECTION("both, at once") {
    by_client = "-o RekeyLimit=1M ";
    target.extra.emplace_back("RekeyLimit 700K");
  }
  const bool by_target = target.extra.size() > 1;
  World world({}, target);
  const auto done = world.shell("head -c 20000000 /dev/urandom > $DIR/in && ssh -o LogLevel=DEBUG1 " + by_client +
                                "$SSH_OPTS -p $PORT $WHO cat < $DIR/in > $DIR/out && cmp $DIR/in $DIR/out");
  INFO(world.broker->notices());
  CHECK(done.status == 0);
  const auto changes = [](const std::string& log) {
    int n = 0;
    for (auto at = log.find("SSH2_MSG_NEWKEYS sent"); at != log.npos; at = log.find("SSH2_MSG_NEWKEYS sent", at + 1))
      ++n;
    return n;
  };
  CHECK(changes(text_of(done.err)) >= (by_client.empty() ? 1 : 20));
  CHECK(changes(world.sshd.log()) >= (by_target ? 20 : 1));
}

TEST_CASE("a client that compresses gets its bytes unchanged, and nothing is unpacked before the login") {
  World world;
  const auto done = world.shell(
      "head -c 3000000 /dev/zero > $DIR/in && head -c 3000000 /dev/urandom >> $DIR/in && "
      "ssh -o LogLevel=DEBUG2 $SSH_OPTS -C -p $PORT $WHO cat < $DIR/in > $DIR/out && cmp $DIR/in $DIR/out");
  CHECK(done.status == 0);
  const auto log = text_of(done.err);
  const auto offer = log.find("peer server KEXINIT proposal");
  REQUIRE(offer != log.npos);
  const auto line = log.substr(log.find("compression ctos:", offer), 60);
  INFO(line);
  CHECK(line.find("zlib,") == line.npos);
  CHECK(line.find("zlib\r") == line.npos);
  CHECK(line.find("zlib\n") == line.npos);
}

TEST_CASE("what a command printed and its text are in the recording") {
  World world;
  CHECK(world.run_ssh({}, {"echo remember-this"}).status == 0);
  REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
  const auto recorded = read_recording(world.broker->recording());
  CHECK(recorded.ended);
  CHECK(recorded.output == "remember-this\n");
  CHECK(recorded.commands == std::vector<std::string>{"echo remember-this"});
}

TEST_CASE("a password opens the target as well as a key") {
  if (!can_add_users()) return;
  BrokerSetup setup;
  setup.kind = broker::CredentialKind::password;
  setup.credential = "Target-Secret-1";
  World world(setup);
  CHECK(text_of(world.run_ssh({}, {"id -un"}).out) == world.login + "\n");
  CHECK(world.sshd.wait_for_log("Accepted password"));
}

TEST_CASE("a target that asks for its password by keyboard-interactive gets it") {
  if (!can_add_users()) return;
  BrokerSetup setup;
  setup.kind = broker::CredentialKind::password;
  setup.credential = "Target-Secret-1";
  World world(setup, SshdOptions{.use_pam = true, .password = false, .keyboard_interactive = true});
  const auto done = world.run_ssh({}, {"id -un"});
  INFO(text_of(done.err) << world.sshd.log());
  CHECK(text_of(done.out) == world.login + "\n");
}
