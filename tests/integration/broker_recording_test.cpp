// Recorded before shown: nothing reaches the client that the recording's file does not hold, and nothing reaches the
// target while the file could not take its effect.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "peers.hpp"
#include "recorded.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/process_io.hpp"
#include "typing_client.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

constexpr std::size_t kPipe = 64U << 10U;

/// A disk that takes nothing more: the recording's pipe is filled from outside. drain() is its return.
class FullPipe {
 public:
  explicit FullPipe(const std::filesystem::path& pipe) : fd_(open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
    REQUIRE(fd_);
    const base::Bytes page(4096, 'x');
    while (write(fd_.get(), page.data(), page.size()) > 0) continue;
    while (write(fd_.get(), page.data(), 1) > 0) continue;
  }
  void drain() const {
    base::Bytes page(kPipe);
    while (read(fd_.get(), page.data(), page.size()) > 0) continue;
  }

 private:
  base::UniqueFd fd_;
};

/// Until the recording that this process writes grows no more, since its client takes no more; false after a minute.
/// Nothing tells of that: it depends on the client's window and on what the kernel keeps for him.
bool is_full(pid_t session) {
  std::uint64_t last = 0;
  unsigned same = 0;
  for (int i = 0; i < 1200 && same < 10; ++i) {
    const auto now = count_of(session, "wchar");
    same = now == last ? same + 1 : 0;
    last = now;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  return same == 10;
}

pid_t session_of(const World& world) {
  const auto notices = world.broker->notices();
  return std::stoi(notices.substr(notices.find("pid ") + 4));
}

constexpr const char* kSentence = "could not be recorded";

}  // namespace

TEST_CASE("when the recording's file can take no more, all that was shown before is in it") {
  BrokerSetup setup;
  setup.recording_limit = GENERATE(20000U, 300000U, 1500000U);
  World world(setup);
  const auto done = world.run_ssh({}, {"head -c 8000000 /dev/urandom; sleep 20"});
  CHECK(done.status == 255);
  INFO(text_of(done.err));
  CHECK(text_of(done.err).find(kSentence) != std::string::npos);
  CHECK(world.broker->wait_for_notice("over reason=5"));
  const auto recorded = read_recording(world.broker->recording()).output;
  CHECK(done.out.size() <= recorded.size());
  CHECK(recorded.starts_with(text_of(done.out)));
}

TEST_CASE("while the disk hangs nothing is shown that it has not taken, and then the session ends") {
  BrokerSetup setup;
  setup.recording_hangs = true;
  World world(setup);
  const auto done = world.run_ssh({}, {"head -c 40000000 /dev/urandom"});
  CHECK(done.status == 255);
  CHECK(text_of(done.err).find(kSentence) != std::string::npos);
  CHECK(done.out.size() < kPipe);
  CHECK(world.broker->wait_for_notice("over reason=5"));
}

TEST_CASE("a disk that comes back within its time costs nothing") {
  BrokerSetup setup;
  setup.recording_hangs = true;
  World world(setup);
  const auto running = start(world, "while read x; do echo got $x; done");
  running.type("first\n");
  REQUIRE(running.shows("got first\n"));
  const FullPipe device(world.broker->recording());
  running.type("second\n");
  REQUIRE_FALSE(running.has_shown("second"));
  device.drain();
  CHECK(running.shows("got second\n"));
}

TEST_CASE("a session that prints nothing takes no input while its disk hangs, and ends") {
  BrokerSetup setup;
  setup.recording_hangs = true;
  World world(setup);
  const auto taken = mark_of(world);
  auto running = start(world, "cat >> " + taken.string() + "; sleep 20");
  running.type("early\n");
  for (int i = 0; i < 1000 && !std::filesystem::exists(taken); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  REQUIRE(std::filesystem::exists(taken));
  const FullPipe device(world.broker->recording());
  // The last sign of the file's life has to be a second ago.
  world.broker->command('C');
  REQUIRE(world.broker->wait_for_notice("command C"));
  running.type("late\n");
  CHECK(running.client.wait(std::chrono::seconds{30}) == 255);
  CHECK(running.text(running.err).find(kSentence) != std::string::npos);
  CHECK(running.text(taken).find("late") == std::string::npos);
}

TEST_CASE("a session that prints nothing ends when its file can take no more, for as long as it takes input") {
  BrokerSetup setup;
  setup.recording_limit = 1200;  // room for the beginning and some signs of life
  setup.clock_speed = 10;
  World world(setup);
  const auto done =
      world.shell("(while sleep 0.05; do echo typed; done) | ssh $SSH_OPTS -p $PORT $WHO 'cat > /dev/null; sleep 20'");
  CHECK(done.status == 255);
  CHECK(text_of(done.err).find(kSentence) != std::string::npos);
  CHECK(world.broker->wait_for_notice("over reason=5"));
}

TEST_CASE("a command does not start while its text cannot be written down") {
  BrokerSetup setup;
  setup.recording_limit = 500;  // room for header and META
  World world(setup);
  const auto mark = mark_of(world);
  const auto done = world.run_ssh({}, {"touch " + mark.string() + " # " + std::string(2000, 'x')});
  CHECK(done.status == 255);
  CHECK(text_of(done.err).find(kSentence) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(mark));
}

TEST_CASE("a killed session leaves all in the file that it had shown") {
  World world;
  auto running = start(world, "i=0; while :; do echo line $i; i=$((i+1)); done");
  REQUIRE(has_passed(running.client.pid(), "wchar", 1U << 20U));
  REQUIRE(kill(session_of(world), SIGKILL) == 0);
  (void)running.client.wait(std::chrono::seconds{30});
  const auto shown = running.text(running.out);
  CHECK(shown.size() >= 1U << 20U);
  CHECK(read_recording(world.broker->recording()).output.starts_with(shown));
}

TEST_CASE("a session that was ended is over at its target at once, though its client does not read") {
  RawTarget target([](ssh_session session, RawTarget& self) {
    const ssh_channel channel = self.serve_login_and_exec(session);
    const std::string line(30000, 'x');
    while (ssh_channel_write(channel, line.data(), 30000) > 0) continue;
    self.say("gone");
  });
  auto setup = target.setup();
  setup.bounds.delivery_time = base::Milliseconds{60000};
  World world(setup);
  auto running = start(world, "anything");
  REQUIRE(has_passed(running.client.pid(), "wchar", 1U << 20U));
  running.client.signal(SIGSTOP);
  REQUIRE(is_full(session_of(world)));
  world.broker->command('E');
  CHECK(target.heard("gone"));
  CHECK(world.broker->notices().find("over reason") == std::string::npos);
  running.client.signal(SIGCONT);
  CHECK(running.client.wait(std::chrono::seconds{30}) == 255);
  CHECK(running.text(running.err).find("An administrator ended this session.") != std::string::npos);
}
