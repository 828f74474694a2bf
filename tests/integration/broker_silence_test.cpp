// Peers that are there and say nothing: told apart from those that are idle.
#include <signal.h>

#include <chrono>

#include "broker_fixture.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

BrokerSetup impatient() {
  BrokerSetup setup;
  setup.bounds.keepalive_interval = base::Milliseconds{150};
  setup.bounds.keepalive_max = 2;
  return setup;
}

base::Child start(const World& world, const std::string& command) {
  base::Command line;
  line.argv = world.ssh({}, {command});
  line.environment = {"PATH=/usr/bin:/bin"};
  return base::Child::spawn(line, {}).value();
}

}  // namespace

TEST_CASE("a client that has died without a word is noticed by its silence") {
  World world(impatient());
  auto client = start(world, "sleep 60");
  REQUIRE(world.broker->wait_for_notice("started 1"));
  client.signal(SIGSTOP);
  CHECK(world.broker->wait_for_notice("over reason=1 recorded The client does not answer any more."));
}

TEST_CASE("a target that has died without a word is noticed by its silence, and the client is told") {
  World world(impatient());
  // The command stops the sshd process that serves it.
  const auto done = world.run_ssh({}, {"kill -STOP $PPID; exec sleep 5"});
  CHECK(done.status == 255);
  CHECK(text_of(done.err).find("The target does not answer any more.") != std::string::npos);
  CHECK(world.broker->wait_for_notice("over reason=1 recorded The target does not answer any more."));
}

TEST_CASE("peers that are idle and alive are kept, however often they are asked") {
  World world(impatient());
  const auto done = world.run_ssh({}, {"sleep 1.5; echo still here"});
  CHECK(done.status == 0);
  CHECK(text_of(done.out) == "still here\n");
}

TEST_CASE("limits of time end a session when they are due, not when the next byte comes") {
  BrokerSetup setup;
  std::string sentence;
  SECTION("whole time") {
    setup.max_duration = base::Milliseconds{300};
    sentence = "its time is over.";
  }
  SECTION("idle") {
    setup.max_idle = base::Milliseconds{300};
    sentence = "nothing happened for too long.";
  }
  World world(setup);
  const auto begun = std::chrono::steady_clock::now();
  const auto done = world.run_ssh({}, {"sleep 60"});
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{10});
  CHECK(done.status == 255);
  CHECK(text_of(done.err).find(sentence) != std::string::npos);
  CHECK(world.broker->wait_for_notice("over reason=2 recorded"));
}
