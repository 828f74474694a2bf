// A person's terminal through the broker: its size, every change of it, and what of that is recorded.
#include "broker_fixture.hpp"
#include "recorded.hpp"
#include "support/catch.hpp"
#include "support/terminal.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// Says its size at the start and after every change, each time on a line of its own; ends at the third change.
const std::string kSizes =
    "n=0; trap 'n=$((n+1)); echo size $n: $(stty size).; test $n = 3 && exit 7' WINCH; echo size 0: $(stty size).; "
    "while :; do sleep 60 & wait $!; kill $!; done";

const std::vector<std::string> kEnvironment{"PATH=/usr/bin:/bin", "TERM=xterm"};

}  // namespace

TEST_CASE("a resized terminal is resized at the target, and the recording has every size") {
  World world;
  Terminal terminal(world.ssh({"-tt"}, {kSizes}), kEnvironment, 41, 97);
  INFO(terminal.shown() << world.broker->notices());
  REQUIRE(terminal.wait_for("size 0: 41 97."));
  terminal.resize(50, 132);
  REQUIRE(terminal.wait_for("size 1: 50 132."));
  terminal.resize(24, 80);
  REQUIRE(terminal.wait_for("size 2: 24 80."));
  // More cells than any screen has: cut, not passed on.
  terminal.resize(65000, 65001);
  REQUIRE(terminal.wait_for("size 3: 2000 2000."));
  CHECK(terminal.finish() == 7);
  REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
  const auto recorded = read_recording(world.broker->recording());
  CHECK(recorded.sizes == std::vector<std::string>{"97x41", "132x50", "80x24", "2000x2000"});
}

TEST_CASE("what is typed at a terminal reaches the shell there, and Ctrl-C its program") {
  World world;
  Terminal terminal(world.ssh({}, {}), kEnvironment, 24, 80);
  terminal.type("trap 'echo interr''upted' INT; echo rea''dy\r");
  REQUIRE(terminal.wait_for("ready"));
  terminal.type("sh -c 'echo beg''un; exec sleep 60'\r");
  REQUIRE(terminal.wait_for("begun"));
  terminal.type("\x03");
  INFO(terminal.shown());
  CHECK(terminal.wait_for("interrupted"));
  terminal.type("exit 9\r");
  CHECK(terminal.finish() == 9);
}

TEST_CASE("a terminal of no size is passed on and recorded as what it is") {
  World world;
  const auto done = world.shell("ssh $SSH_OPTS -p $PORT -tt $WHO 'stty size' </dev/null");
  INFO(text_of(done.out) << text_of(done.err));
  CHECK(text_of(done.out).find("0 0") != std::string::npos);
  REQUIRE(world.broker->wait_for_notice("over reason=1 recorded"));
  CHECK(read_recording(world.broker->recording()).sizes == std::vector<std::string>{"0x0"});
}

TEST_CASE("a frozen person sees that he is frozen and why, on a new channel too, and that it goes on") {
  World world;
  Terminal terminal(world.ssh({"-tt", "-M", "-S", (world.directory.path() / "mux").string()}, {"echo rea''dy; cat"}),
                    kEnvironment, 24, 80);
  REQUIRE(terminal.wait_for("ready"));
  world.broker->command('F');
  REQUIRE(terminal.wait_for("An auditor froze this session: to look at it"));
  Terminal second(world.ssh({"-tt", "-S", (world.directory.path() / "mux").string()}, {"echo sec''ond; cat"}),
                  kEnvironment, 24, 80);
  REQUIRE(second.wait_for("An auditor froze this session: to look at it"));
  CHECK(second.shown().find("second") == std::string::npos);
  world.broker->command('T');
  CHECK(terminal.wait_for("This session goes on."));
  CHECK(second.wait_for("second"));
}

TEST_CASE("a person at a terminal is warned before the checkout ends, a script is not") {
  BrokerSetup setup;
  setup.ends_in = base::Milliseconds{100000};
  World world(setup);
  Terminal terminal(world.ssh({"-tt"}, {"cat"}), kEnvironment, 24, 80);
  CHECK(terminal.wait_for("Your checkout ends in "));
  CHECK(terminal.wait_for(" seconds, and this session with it."));
  const auto done = world.run_ssh({}, {"sleep 0.1"});
  CHECK(text_of(done.err).empty());
}
