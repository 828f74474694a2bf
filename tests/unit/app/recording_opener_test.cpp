#include "recording_opener.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_link.hpp"
#include "sallyport/base/ids.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport::app;
namespace base = sallyport::base;
namespace fs = std::filesystem;

namespace {

struct Link {
  base::UniqueFd listener;
  base::UniqueFd session;
  Link() {
    auto pair = base::socket_pair(true);
    REQUIRE(pair);
    listener = std::move(pair.value().first);
    session = std::move(pair.value().second);
  }
  LinkMessage hears() {
    REQUIRE(base::wait_for(session.get(), POLLIN, std::chrono::seconds(10)).value());
    auto message = receive_link(session.get());
    REQUIRE(message);
    return std::move(message).value();
  }
};

base::UniqueFd some_target() { return base::UniqueFd(::dup(STDERR_FILENO)); }
std::string some_name() { return base::SessionId::random().text() + ".spr"; }

/// The exit status of the one child there is.
int reap() {
  int status = -1;
  REQUIRE(::waitpid(-1, &status, 0) > 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a recording is made once, in its directory, under a session's id") {
  sallyport::test::TempDir directory;
  const std::string name = base::SessionId::random().text() + ".spr";
  CHECK(create_recording(directory.path(), name));
  CHECK_FALSE(create_recording(directory.path(), name));
  for (const auto* wrong :
       {"../aaaaaaaaaaaaaaaa.spr", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa.spr.spr", ".spr", "", "aaaaaaaaaaaaaaa/.spr"})
    CHECK_FALSE(create_recording(directory.path(), wrong));
}

TEST_CASE("target and recording reach the session from a process of their own") {
  const sallyport::test::TempDir directory;
  Link link;
  const auto name = some_name();
  REQUIRE(hand_over(link.listener.get(), some_target(), directory.path(), name));
  const auto message = link.hears();
  const auto* resources = std::get_if<LinkResources>(&message);
  REQUIRE(resources != nullptr);
  CHECK(::write(resources->recording.get(), "x", 1) == 1);
  CHECK(fs::file_size(directory.path() / name) == 1);
  CHECK(reap() == 0);
}

TEST_CASE("a recording that can't be made is told to the session as a sentence") {
  const sallyport::test::TempDir directory;
  Link link;
  REQUIRE(hand_over(link.listener.get(), some_target(), directory.path() / "none", some_name()));
  const auto message = link.hears();
  const auto* failed = std::get_if<LinkFailed>(&message);
  REQUIRE(failed != nullptr);
  CHECK(failed->sentence == "This session was not started because it cannot be recorded.");
  CHECK(reap() == 1);
}

TEST_CASE("a session that has gone leaves no empty recording") {
  const sallyport::test::TempDir directory;
  Link link;
  link.session.reset();
  REQUIRE(hand_over(link.listener.get(), some_target(), directory.path(), some_name()));
  CHECK(reap() == 1);
  CHECK(fs::is_empty(directory.path()));
}
