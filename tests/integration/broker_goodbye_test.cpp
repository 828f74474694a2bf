// The last sentence of a session reaches its client, whatever is on its way at that moment.
#include <fcntl.h>

#include "broker_fixture.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/process_io.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("a client that is busy reading, and slow, still hears why its session ended") {
  World world;
  for (int round = 1; round <= 5; ++round) {
    CAPTURE(round);
    base::Command line;
    line.argv = world.ssh({}, {"cat /dev/zero"});
    line.argv.insert(line.argv.begin(), {"nice", "-n", "19"});
    line.environment = {"PATH=/usr/bin:/bin"};
    const auto shown = world.directory.path() / ("shown" + std::to_string(round));
    base::UniqueFd out(open("/dev/null", O_WRONLY | O_CLOEXEC));
    base::UniqueFd err(open(shown.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    auto client = base::Child::spawn(line, {{}, std::move(out), std::move(err)}).value();
    REQUIRE(world.broker->wait_for_notice("started 1", round));
    REQUIRE(has_passed(client.pid(), "wchar", 4U << 20U));  // its window, twice: it answers with adjustments by then
    world.broker->command('E');
    CHECK(client.wait(std::chrono::seconds{20}) == 255);
    CHECK(text_of(base::read_file(shown, 65536).value()).find("An administrator ended this session.") !=
          std::string::npos);
  }
}
