#include "sallyport/base/process.hpp"

#include <csignal>

#include "support/catch.hpp"

using namespace sallyport::base;

TEST_CASE("a child gets its input, and gives output and status", "[process]") {
  const auto secret = SecretBytes::copy(as_bytes("over stdin"));
  Command command{
      .argv = {"sh", "-c", "cat; echo oops >&2; exit 3"}, .environment = {"PATH=/usr/bin:/bin"}, .input = &secret};
  const auto done = run(command);
  REQUIRE(done);
  CHECK(as_text(done.value().out) == "over stdin");
  CHECK(as_text(done.value().err) == "oops\n");
  CHECK(done.value().status == 3);
}

TEST_CASE("a child inherits nothing of the environment", "[process]") {
  ::setenv("SALLYPORT_SECRET_OF_PARENT", "1", 1);
  const auto done = run({.argv = {"env"}, .environment = {"ONLY=this"}});
  REQUIRE(done);
  CHECK(as_text(done.value().out) == "ONLY=this\n");
}

TEST_CASE("a child that never ends is killed at its deadline, with its own children", "[process]") {
  const auto done = run({.argv = {"sh", "-c", "sleep 1000 & wait"},
                         .environment = {"PATH=/usr/bin:/bin"},
                         .timeout = std::chrono::milliseconds(200)});
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == Errc::timed_out);
}

TEST_CASE("a child that prints without end is ended at the bound", "[process]") {
  const auto done = run({.argv = {"yes"}, .environment = {"PATH=/usr/bin:/bin"}, .output_limit = 100000});
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == Errc::limit);
}

TEST_CASE("input that a child does not read is no failure of ours", "[process]") {
  const auto secret = SecretBytes::random(SecretBytes::kMaxSecret);
  const auto done = run({.argv = {"true"}, .environment = {"PATH=/usr/bin:/bin"}, .input = &secret});
  REQUIRE(done);
  CHECK(done.value().status == 0);
}

TEST_CASE("a missing program is an error that names it", "[process]") {
  const auto done = run({.argv = {"no-such-program-here"}, .environment = {"PATH=/usr/bin:/bin"}});
  REQUIRE_FALSE(done);
  CHECK(done.error().context().find("no-such-program-here") != std::string::npos);
}

TEST_CASE("a child is killed when its owner goes", "[process]") {
  pid_t pid = -1;
  {
    auto child = Child::spawn({.argv = {"sleep", "1000"}, .environment = {"PATH=/usr/bin:/bin"}}, {});
    REQUIRE(child);
    pid = child.value().pid();
    CHECK(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) != 0);
}
