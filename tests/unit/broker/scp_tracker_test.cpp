#include "sallyport/broker/scp_tracker.hpp"

#include "sallyport/base/hash.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;
using recorder::Direction;
using recorder::FileAction;
using recorder::FileOutcome;

namespace {

base::ByteView bytes(std::string_view text) { return base::as_bytes(text); }
const std::string kOk(1, '\0');

ScpTracker upload(std::string path = "/tmp/x") { return ScpTracker(1, {Direction::to_target, false, std::move(path)}); }

/// The target is ready, takes the file's line.
void offer(ScpTracker& tracker, const std::string& line) {
  tracker.on_target(bytes(kOk));
  tracker.on_client(bytes(line));
}

}  // namespace

TEST_CASE("scp: an upload is one event with size and hash") {
  auto tracker = upload();
  offer(tracker, "C0644 5 x\n");
  tracker.on_target(bytes(kOk));
  tracker.on_client(bytes("hel"));
  tracker.on_client(bytes("lo" + kOk));
  CHECK(tracker.take_events().empty());
  tracker.on_target(bytes(kOk));
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].path == "/tmp/x");
  CHECK(events[0].other_path == "x");  // where that is a directory
  CHECK(events[0].detail == "mode 0644");
  CHECK(events[0].size == 5);
  CHECK(events[0].sha256 == base::sha256(bytes("hello")));
  CHECK(events[0].outcome == FileOutcome::complete);
  CHECK(events[0].direction == Direction::to_target);
}

TEST_CASE("scp: an empty file is an event too") {
  auto tracker = upload("/tmp/");
  offer(tracker, "C0644 0 empty\n");
  tracker.on_target(bytes(kOk));
  tracker.on_client(bytes(kOk));
  tracker.on_target(bytes(kOk));
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].path == "/tmp/empty");
  CHECK(events[0].sha256 == base::sha256({}));
}

TEST_CASE("scp: a file that the receiver refuses is failed and the next one is followed") {
  auto tracker = upload("/tmp/");
  offer(tracker, "C0644 5 a\n");
  tracker.on_target(bytes("\x01scp: /tmp/a: Permission denied\n"));
  tracker.on_client(bytes("C0644 1 b\n"));
  tracker.on_target(bytes(kOk));
  tracker.on_client(bytes("b" + kOk));
  tracker.on_target(bytes(kOk));
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].outcome == FileOutcome::failed);
  CHECK_FALSE(events[0].sha256);
  CHECK(events[1].path == "/tmp/b");
  CHECK(events[1].outcome == FileOutcome::complete);
}

namespace {

/// One line, and the receiver's yes to it.
void say(ScpTracker& tracker, const std::string& text, const std::string& answer = kOk) {
  tracker.on_client(bytes(text));
  tracker.on_target(bytes(answer));
}

}  // namespace

TEST_CASE("scp: directories make the path, and each is told, also an empty one") {
  ScpTracker tracker(1, {Direction::to_target, true, "/srv"});
  tracker.on_target(bytes(kOk));
  say(tracker, "T10 0 20 0\n");
  say(tracker, "D0755 0 tree\n");
  say(tracker, "C0644 1 f\n");
  say(tracker, "f" + kOk);
  say(tracker, "D0700 0 empty\n");
  say(tracker, "E\n");
  say(tracker, "E\n");
  say(tracker, "T1 0 2 0\n");
  say(tracker, "C0600 1 g\n");
  say(tracker, "g" + kOk);
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 4);
  CHECK(events[0].path == "/srv/tree");
  CHECK(events[0].action == FileAction::make_directory);
  CHECK(events[0].detail == "mode 0755, times 20 10");
  CHECK(events[1].path == "/srv/tree/f");
  CHECK(events[1].detail == "mode 0644");
  CHECK(events[2].path == "/srv/tree/empty");
  CHECK(events[3].path == "/srv/g");
  CHECK(events[3].detail == "mode 0600, times 2 1");
}

TEST_CASE("scp: a directory that the receiver refuses is failed, and nothing is said to lie in it") {
  ScpTracker tracker(1, {Direction::to_target, true, "/srv"});
  tracker.on_target(bytes(kOk));
  say(tracker, "D0755 0 tree\n", "\x01scp: /srv/tree: Permission denied\n");
  say(tracker, "C0644 1 f\n");
  say(tracker, "f" + kOk);
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].outcome == FileOutcome::failed);
  CHECK(events[1].path == "/srv/f");
}

TEST_CASE("scp: where the path may be the directory itself, both names are told") {
  ScpTracker tracker(1, {Direction::to_target, false, "/srv/new"});
  tracker.on_target(bytes(kOk));
  say(tracker, "D0755 0 tree\n");
  say(tracker, "C0644 1 f\n");
  say(tracker, "f" + kOk);
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 2);
  CHECK(events[1].path == "/srv/new");
  CHECK(events[1].other_path == "tree/f");
}

TEST_CASE("scp: what has no answer when the channel ends is told as unknown") {
  auto tracker = upload("/tmp/");
  SECTION("a file that was offered, and may have been made") { offer(tracker, "C0644 5 x\n"); }
  SECTION("a directory") { offer(tracker, "D0755 0 x\n"); }
  SECTION("a whole file") {
    offer(tracker, "C0644 5 x\n");
    tracker.on_target(bytes(kOk));
    tracker.on_client(bytes("hello" + kOk));
  }
  tracker.on_end();
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].outcome == FileOutcome::unknown);
}

TEST_CASE("scp: what is under way when the sender is lost is told") {
  auto tracker = upload();
  offer(tracker, "C0644 5 x\n");
  tracker.on_target(bytes(kOk));
  tracker.on_client(bytes("hello" + kOk));
  tracker.on_client(bytes("C0644 5 hidden\n"));
  CHECK_FALSE(tracker.following());
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].size == 5);
}

TEST_CASE("scp: a download tells no directories and leaves no doubt about the target") {
  ScpTracker tracker(1, {Direction::to_client, false, "/srv/tree"});
  tracker.on_client(bytes(kOk));
  tracker.on_target(bytes("D0755 0 tree\n"));
  tracker.on_client(bytes(kOk));
  tracker.on_target(bytes("C0644 1 f\n"));
  tracker.on_client(bytes(kOk));
  tracker.on_target(bytes("f" + kOk));
  tracker.on_end();
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].path == "/srv/tree/f");
  CHECK(events[0].outcome == FileOutcome::partial);
}

TEST_CASE("scp: a sender that breaks off leaves a partial file") {
  auto tracker = upload();
  offer(tracker, "C0644 100 x\n");
  tracker.on_target(bytes(kOk));
  tracker.on_client(bytes("half"));
  tracker.on_end();
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].outcome == FileOutcome::partial);
  CHECK(events[0].size == 4);
}

TEST_CASE("scp: a sender that does not wait is no longer followed") {
  auto tracker = upload();
  offer(tracker, "C0644 5 x\nC0644 5 hidden\n");
  CHECK_FALSE(tracker.following());
}

TEST_CASE("scp: answers given ahead do not hide a file") {
  auto tracker = upload();
  tracker.on_target(bytes(std::string(4, '\0')));
  tracker.on_client(bytes("C0644 5 x\nhello" + kOk));
  CHECK(tracker.following());
  CHECK(tracker.take_events().size() == 1);
}

TEST_CASE("scp: hostile input ends the tracking within bounds") {
  auto tracker = upload();
  SECTION("endless line") {
    tracker.on_target(bytes(kOk));
    tracker.on_client(bytes(std::string(100000, 'C')));
  }
  SECTION("endless early answers") { tracker.on_target(bytes(std::string(100000, '\0'))); }
  SECTION("a strange answer") { tracker.on_target(bytes("\x03")); }
  SECTION("no name") { offer(tracker, "C0644 5 \n"); }
  SECTION("size and name in one") { offer(tracker, "C0644 5x\n"); }
  SECTION("no size") { offer(tracker, "C0644 x y\n"); }
  SECTION("huge size") { offer(tracker, "C0644 99999999999999999999999 y\n"); }
  SECTION("a line that a receiver would cut") {
    offer(tracker, "C0644 " + std::string(ScpTracker::kMaxLine - 8, '0') + "5 x\n");
  }
  SECTION("a zero byte in a name") { offer(tracker, std::string("C0644 5 x\0y\n", 12)); }
  SECTION("a path in place of a name") { offer(tracker, "C0644 5 ../x\n"); }
  SECTION("the directory above") { offer(tracker, "D0755 0 ..\n"); }
  SECTION("a mode that is none") { offer(tracker, "C644 5 x\n"); }
  SECTION("times that are none") { offer(tracker, "T1 0 x 0\n"); }
  SECTION("up out of nowhere") { offer(tracker, "E\n"); }
  SECTION("unknown line") { offer(tracker, "X\n"); }
  SECTION("deep") {
    for (int i = 0; i < 70; ++i) {
      tracker.on_target(bytes(kOk));
      tracker.on_client(bytes("D0755 0 d\n"));
    }
  }
  CHECK_FALSE(tracker.following());
}

TEST_CASE("scp: any cut of the stream gives the same event") {
  const std::string sent = "C0644 5 x\nhello" + kOk;
  auto tracker = upload();
  tracker.on_target(bytes(std::string(3, '\0')));
  for (const char c : sent) tracker.on_client(bytes(std::string_view(&c, 1)));
  const auto events = tracker.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].sha256 == base::sha256(bytes("hello")));
}
