// What does not pass, and what is told of that which passed without an answer.
#include "sftp_talk.hpp"

using namespace sallyport;
using namespace sallyport::broker;
using namespace sallyport::broker::test;
using recorder::Direction;
using recorder::FileAction;
using recorder::FileOutcome;

TEST_CASE("sftp: a request on a handle that is not open never passes, and the broker answers it") {
  Talk talk;
  std::uint32_t asked = 0;
  SECTION("guessed before the target's answer") {
    talk.client(packet(3, base::Writer().u32(900).block(std::string_view("/a")).u32(0x1a).u32(0)));
    asked = talk.write("h", 0, "hidden");
    CHECK_FALSE(talk.passed);
  }
  SECTION("closing") {
    talk.open("/a", 2, "h");
    talk.client(packet(4, base::Writer().u32(900).block(std::string_view("h"))));
    asked = talk.write("h", 0, "hidden");
  }
  SECTION("closed twice") {
    talk.open("/a", 2, "h");
    talk.close("h");
    (void)talk.tracker.take_events();
    talk.client(packet(4, base::Writer().u32(asked = 900).block(std::string_view("h"))));
  }
  SECTION("the source of a copy") {
    talk.open("/b", 2, "to");
    talk.client(packet(200, base::Writer()
                                .u32(asked = 900)
                                .block(std::string_view("copy-data"))
                                .block(std::string_view("from"))
                                .u64(0)
                                .u64(0)
                                .block(std::string_view("to"))
                                .u64(0)));
  }
  CHECK_FALSE(talk.passed);
  CHECK(talk.tracker.following());
  const auto answer = talk.tracker.take_answers();
  REQUIRE(answer.size() > 13);
  CHECK(answer[4] == 101);
  CHECK(base::Reader(base::ByteView(answer).subspan(5)).u32().value() == asked);
  const auto event = talk.only_event();
  CHECK(event.outcome == FileOutcome::refused);
}

TEST_CASE("sftp: the broker's own answer follows a whole answer of the target") {
  Talk talk;
  talk.open("/a", 1, "h");
  talk.write("ghost", 0, "x");
  const auto look = packet(17, base::Writer().u32(50).block(std::string_view("/")));
  talk.client(look);
  const auto reply = packet(101, base::Writer().u32(50).u32(0).block(std::string_view("")).block(std::string_view("")));
  CHECK(talk.target({reply.begin(), reply.begin() + 6})[4] == 101);  // the front waits, the broker's own does not
  const auto seen = talk.target({reply.begin() + 6, reply.end()});
  CHECK(seen == reply);
  CHECK_FALSE(talk.tracker.has_answers());
}

TEST_CASE("sftp: an extension that the broker does not know is refused and told") {
  Talk talk;
  talk.client(packet(200, base::Writer().u32(7).block(std::string_view("write-behind@example.com"))));
  CHECK_FALSE(talk.passed);
  CHECK(talk.tracker.has_answers());
  const auto event = talk.only_event();
  CHECK(event.action == FileAction::extension);
  CHECK(event.path == "write-behind@example.com");
  CHECK(event.outcome == FileOutcome::refused);
}

TEST_CASE("sftp: a zero byte in a path does not pass") {
  Talk talk;
  talk.client(packet(13, base::Writer().u32(7).block(std::string("/etc/passwd\0.bak", 16))));
  CHECK_FALSE(talk.passed);
  CHECK(talk.only_event().outcome == FileOutcome::refused);
}

TEST_CASE("sftp: of many refused requests the number is told at the end") {
  Talk talk;
  for (int i = 0; i < 20; ++i) talk.write("ghost", 0, "x");
  CHECK(talk.tracker.take_events().size() == SftpTracker::kMaxRefusals);
  talk.tracker.on_end();
  CHECK(talk.only_event().detail == "12 more requests");
}

TEST_CASE("sftp: what has no answer when the channel ends is told, and as unknown") {
  Talk talk;
  const std::string_view a = "/a";
  const auto ask = [&talk](std::uint8_t type, const base::Writer& rest) {
    base::Writer body;
    talk.client(packet(type, body.u32(++talk.id).raw(rest.bytes())));
    talk.tracker.on_end();
    return talk.only_event();
  };
  recorder::FileEvent event;
  SECTION("remove") { event = ask(13, base::Writer().block(a)); }
  SECTION("rename") { event = ask(18, base::Writer().block(a).block(a)); }
  SECTION("mkdir") { event = ask(14, base::Writer().block(a).u32(0)); }
  SECTION("rmdir") { event = ask(15, base::Writer().block(a)); }
  SECTION("setstat") { event = ask(9, base::Writer().block(a).u32(0)); }
  SECTION("an open that creates") { event = ask(3, base::Writer().block(a).u32(0x08).u32(0)); }
  SECTION("fsetstat") {
    talk.open("/a", 1, "h");
    event = ask(10, base::Writer().block(std::string_view("h")).u32(1).u64(0));
    CHECK(event.detail == "size 0");
  }
  SECTION("write") {
    talk.open("/a", 2, "h");
    talk.status(talk.write("h", 0, "known"), 0);
    event = ask(6, base::Writer().block(std::string_view("h")).u64(5).block(std::string_view("?")));
    CHECK(event.size == 6);
    CHECK(event.detail == "5 bytes confirmed");
  }
  CHECK(event.path == "/a");
  CHECK(event.outcome == FileOutcome::unknown);
}

TEST_CASE("sftp: what waits in the broker itself when it loses the thread was refused") {
  Talk talk;
  auto bytes = packet(13, base::Writer().u32(5).block(std::string_view("/a")));
  const auto same = packet(13, base::Writer().u32(5).block(std::string_view("/b")));
  bytes.insert(bytes.end(), same.begin(), same.end());
  talk.client(bytes);
  CHECK_FALSE(talk.passed);
  CHECK_FALSE(talk.tracker.following());
  CHECK(talk.only_event().outcome == FileOutcome::refused);
}

TEST_CASE("sftp: opening alone is told where it can create or empty a file") {
  Talk talk;
  talk.open("/a", 0x11, "h");  // for reading, and it truncates
  talk.close("h");
  const auto event = talk.only_event();
  CHECK(event.direction == Direction::to_target);
  CHECK(event.detail == "truncate");
  CHECK(event.size == 0);
}

TEST_CASE("sftp: attributes of an open file and copies within the target are told with what they set") {
  Talk talk;
  talk.open("/a", 1, "from");
  talk.open("/b", 2, "to");
  talk.client(packet(10, base::Writer().u32(80).block(std::string_view("to")).u32(5).u64(3).u32(0100600)));
  talk.status(80, 0);
  const auto set = talk.only_event();
  CHECK(set.action == FileAction::set_attributes);
  CHECK(set.path == "/b");
  CHECK(set.detail == "size 3, mode 0600");
  talk.client(packet(200, base::Writer()
                              .u32(81)
                              .block(std::string_view("copy-data"))
                              .block(std::string_view("from"))
                              .u64(1)
                              .u64(7)
                              .block(std::string_view("to"))
                              .u64(2)));
  talk.status(81, 4);
  const auto copy = talk.only_event();
  CHECK(copy.action == FileAction::copy);
  CHECK(copy.path == "/a");
  CHECK(copy.other_path == "/b");
  CHECK(copy.size == 7);
  CHECK(copy.detail == "from 1 to 2");
  CHECK(copy.outcome == FileOutcome::failed);
}

TEST_CASE("sftp: bytes belong to the file that was open when they were asked for") {
  Talk talk;
  talk.open("/a", 2, "h");
  const auto late = talk.write("h", 0, "aaaa");
  talk.close("h");  // answered before the write is
  CHECK(talk.tracker.take_events().empty());
  talk.open("/b", 2, "h");
  talk.status(late, 0);
  const auto first = talk.only_event();
  CHECK(first.path == "/a");
  CHECK(first.size == 4);
  talk.close("h");
  CHECK(talk.only_event().size == 0);
}

TEST_CASE("sftp: a file that is cut while it is written has a hash only where it is still true") {
  Talk talk;
  talk.open("/a", 2, "h");
  talk.status(talk.write("h", 0, "hello"), 0);
  const std::uint64_t size = GENERATE(std::uint64_t{5}, std::uint64_t{3});
  talk.client(packet(10, base::Writer().u32(80).block(std::string_view("h")).u32(1).u64(size)));
  talk.status(80, 0);
  (void)talk.tracker.take_events();
  talk.close("h");
  CHECK(talk.only_event().sha256.has_value() == (size == 5));
}
