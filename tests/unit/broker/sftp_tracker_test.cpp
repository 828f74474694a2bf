#include "sallyport/broker/sftp_tracker.hpp"

#include "sftp_request.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;
using recorder::Direction;
using recorder::FileAction;
using recorder::FileOutcome;

namespace {

base::Bytes packet(std::uint8_t type, const base::Writer& body) {
  base::Writer out;
  base::Writer inner;
  inner.u8(type).raw(body.bytes());
  out.block(inner.bytes());
  return std::move(out).take();
}

/// Plays both sides; every call is one packet.
struct Talk {
  SftpTracker tracker{1};
  std::uint32_t id = 0;
  bool passed = true;  ///< the client's last bytes did

  Talk() {
    client(packet(1, base::Writer().u32(3)));
    target(packet(2, base::Writer().u32(3)));
  }
  void client(base::Bytes bytes) {
    tracker.on_client(bytes);
    passed = !bytes.empty();
  }
  /// What the client sees of it.
  base::Bytes target(base::Bytes bytes) {
    tracker.on_target(bytes);
    return bytes;
  }
  std::uint32_t open(std::string_view path, std::uint32_t flags, std::string_view handle) {
    client(packet(3, base::Writer().u32(++id).block(path).u32(flags).u32(0)));
    target(packet(102, base::Writer().u32(id).block(handle)));
    return id;
  }
  std::uint32_t write(std::string_view handle, std::uint64_t offset, std::string_view data) {
    client(packet(6, base::Writer().u32(++id).block(handle).u64(offset).block(data)));
    return id;
  }
  std::uint32_t read(std::string_view handle, std::uint64_t offset) {
    client(packet(5, base::Writer().u32(++id).block(handle).u64(offset).u32(32768)));
    return id;
  }
  void data(std::uint32_t request, std::string_view bytes) {
    target(packet(103, base::Writer().u32(request).block(bytes)));
  }
  void status(std::uint32_t request, std::uint32_t code) {
    target(packet(101, base::Writer().u32(request).u32(code).block(std::string_view("")).block(std::string_view(""))));
  }
  void close(std::string_view handle) {
    client(packet(4, base::Writer().u32(++id).block(handle)));
    status(id, 0);
  }
  recorder::FileEvent only_event() {
    auto events = tracker.take_events();
    REQUIRE(events.size() == 1);
    return events[0];
  }
};

base::Digest hash_of(std::string_view text) { return base::sha256(base::as_bytes(text)); }

}  // namespace

TEST_CASE("sftp: an upload is one event with size and hash") {
  Talk talk;
  talk.open("/tmp/x", 0x1a, "h1");
  talk.status(talk.write("h1", 0, "hello "), 0);
  talk.status(talk.write("h1", 6, "world"), 0);
  CHECK(talk.tracker.take_events().empty());
  talk.close("h1");
  const auto event = talk.only_event();
  CHECK(event.path == "/tmp/x");
  CHECK(event.direction == Direction::to_target);
  CHECK(event.size == 11);
  CHECK(event.sha256 == hash_of("hello world"));
  CHECK(event.outcome == FileOutcome::complete);
}

TEST_CASE("sftp: a download is one event, also when replies overtake each other") {
  Talk talk;
  talk.open("/etc/x", 1, "h1");
  const auto first = talk.read("h1", 0);
  const auto second = talk.read("h1", 3);
  const auto third = talk.read("h1", 6);
  talk.data(second, "def");
  talk.data(first, "abc");
  talk.status(third, 1);
  talk.close("h1");
  const auto event = talk.only_event();
  CHECK(event.direction == Direction::to_client);
  CHECK(event.sha256 == hash_of("abcdef"));
}

TEST_CASE("sftp: bytes written twice, with a hole, or too far ahead have no hash") {
  Talk talk;
  talk.open("/tmp/x", 2, "h");
  SECTION("twice") {
    talk.status(talk.write("h", 0, "aaaa"), 0);
    talk.status(talk.write("h", 2, "bb"), 0);
  }
  SECTION("hole") { talk.status(talk.write("h", 5, "a"), 0); }
  SECTION("twice, both ahead") {
    talk.status(talk.write("h", 4, "bbbb"), 0);
    talk.status(talk.write("h", 4, "cccc"), 0);
    talk.status(talk.write("h", 0, "aaaa"), 0);
  }
  SECTION("overlap while waiting") {
    talk.status(talk.write("h", 2, "cc"), 0);
    talk.status(talk.write("h", 0, "aaa"), 0);
  }
  SECTION("far ahead") {
    const std::string piece(200000, 'x');
    for (std::uint64_t i = 1; i < 20; ++i) talk.status(talk.write("h", i * piece.size(), piece), 0);
    talk.status(talk.write("h", 0, piece), 0);
  }
  talk.close("h");
  CHECK_FALSE(talk.only_event().sha256);
}

TEST_CASE("sftp: the budget for waiting bytes comes back when a file is closed") {
  Talk talk;
  const std::string piece(400000, 'x');
  for (int round = 0; round < 20; ++round) {
    talk.open("/tmp/x", 2, "h");
    talk.status(talk.write("h", piece.size(), piece), 0);
    talk.status(talk.write("h", 0, piece), 0);
    talk.close("h");
    CHECK(talk.only_event().sha256 == hash_of(piece + piece));
  }
}

TEST_CASE("sftp: bytes that waited in vain give their budget back, too") {
  Talk talk;
  const std::string piece(400000, 'x');
  for (int round = 0; round < 20; ++round) {
    talk.open("/tmp/x", 2, "h");
    talk.status(talk.write("h", piece.size(), piece), 0);
    talk.close("h");
    CHECK_FALSE(talk.only_event().sha256);
  }
  talk.open("/tmp/y", 2, "h");
  talk.status(talk.write("h", piece.size(), piece), 0);
  talk.status(talk.write("h", 0, piece), 0);
  talk.close("h");
  CHECK(talk.only_event().sha256 == hash_of(piece + piece));
}

TEST_CASE("sftp: a write that the target refuses makes the file failed") {
  Talk talk;
  talk.open("/tmp/x", 2, "h");
  talk.status(talk.write("h", 0, "x"), 4);
  talk.close("h");
  CHECK(talk.only_event().outcome == FileOutcome::failed);
}

TEST_CASE("sftp: an open that the target refuses is an event") {
  Talk talk;
  talk.client(packet(3, base::Writer().u32(9).block(std::string_view("/root/x")).u32(2).u32(0)));
  talk.status(9, 3);
  const auto event = talk.only_event();
  CHECK(event.outcome == FileOutcome::failed);
  CHECK(event.direction == Direction::to_target);
}

TEST_CASE("sftp: files still open at the end are partial") {
  Talk talk;
  talk.open("/tmp/x", 2, "h");
  talk.status(talk.write("h", 0, "x"), 0);
  talk.tracker.on_end();
  CHECK(talk.only_event().outcome == FileOutcome::partial);
}

TEST_CASE("sftp: what is done to names is an event") {
  Talk talk;
  const auto ask = [&talk](std::uint8_t type, const base::Writer& rest) {
    base::Writer body;
    talk.client(packet(type, body.u32(++talk.id).raw(rest.bytes())));
    talk.status(talk.id, 0);
    return talk.only_event();
  };
  const std::string_view a = "/a";
  const std::string_view b = "/b";
  CHECK(ask(13, base::Writer().block(a)).action == FileAction::remove);
  CHECK(ask(14, base::Writer().block(a).u32(0)).action == FileAction::make_directory);
  CHECK(ask(15, base::Writer().block(a)).action == FileAction::remove_directory);
  CHECK(ask(9, base::Writer().block(a).u32(0)).action == FileAction::set_attributes);
  CHECK(ask(20, base::Writer().block(a).block(b)).action == FileAction::link);
  CHECK(ask(18, base::Writer().block(a).block(b)).other_path == "/b");
  const auto posix = ask(200, base::Writer().block(std::string_view("posix-rename@openssh.com")).block(a).block(b));
  CHECK(posix.action == FileAction::rename);
  CHECK(posix.path == "/a");
}

TEST_CASE("sftp: a copy within the target leaves no hash") {
  Talk talk;
  talk.open("/a", 1, "from");
  talk.open("/b", 2, "to");
  talk.client(packet(200, base::Writer()
                              .u32(++talk.id)
                              .block(std::string_view("copy-data"))
                              .block(std::string_view("from"))
                              .u64(0)
                              .u64(0)
                              .block(std::string_view("to"))
                              .u64(0)));
  talk.status(talk.id, 0);
  CHECK(talk.only_event().action == FileAction::copy);
  talk.close("to");
  CHECK_FALSE(talk.only_event().sha256);
}

TEST_CASE("sftp: any cut of the stream gives the same event") {
  Talk talk;
  talk.open("/tmp/x", 2, "h");
  const auto bytes =
      packet(6, base::Writer().u32(77).block(std::string_view("h")).u64(0).block(std::string_view("hello")));
  for (const auto byte : bytes) talk.client({byte});
  talk.status(77, 0);
  talk.close("h");
  CHECK(talk.only_event().sha256 == hash_of("hello"));
}

TEST_CASE("sftp: what cannot be followed ends the tracking") {
  Talk talk;
  SECTION("a packet over the bound") { talk.client(base::Writer().u32(600000).bytes()); }
  SECTION("an empty packet") { talk.client(base::Writer().u32(0).bytes()); }
  SECTION("a request number twice") {
    talk.client(packet(17, base::Writer().u32(5).block(std::string_view("/"))));
    talk.client(packet(17, base::Writer().u32(5).block(std::string_view("/"))));
  }
  SECTION("a reply to nothing") { talk.status(4242, 0); }
  SECTION("an unknown request") { talk.client(packet(50, base::Writer().u32(5))); }
  SECTION("a short request") { talk.client(packet(3, base::Writer().u32(5).u32(100))); }
  SECTION("data for no read") {
    talk.client(packet(17, base::Writer().u32(5).block(std::string_view("/"))));
    talk.data(5, "secret");
  }
  SECTION("data in answer to something else, of a file that is open") {
    talk.open("/a", 1, "h");
    talk.client(packet(8, base::Writer().u32(5).block(std::string_view("h"))));
    talk.data(5, "secret");
  }
  SECTION("a handle for what opens nothing") {
    talk.client(packet(17, base::Writer().u32(5).block(std::string_view("/"))));
    talk.target(packet(102, base::Writer().u32(5).block(std::string_view("h"))));
  }
  SECTION("an unknown reply") {
    talk.client(packet(17, base::Writer().u32(5).block(std::string_view("/"))));
    talk.target(packet(150, base::Writer().u32(5)));
  }
  SECTION("a request before the target's greeting") {
    talk.tracker = SftpTracker(1);
    talk.client(packet(1, base::Writer().u32(6)));
    talk.client(packet(13, base::Writer().u32(5).block(std::string_view("/a"))));
  }
  SECTION("an answer that does not fit") {
    talk.client(packet(13, base::Writer().u32(5).block(std::string_view("/a"))));
    talk.target(packet(104, base::Writer().u32(5).u32(0)));
  }
  SECTION("a yes without a handle") {
    talk.client(packet(3, base::Writer().u32(5).block(std::string_view("/a")).u32(2).u32(0)));
    talk.status(5, 0);
  }
  SECTION("a flood of what is refused") {
    for (int i = 0; i < 2000; ++i) talk.write("ghost", 0, "x");
  }
  SECTION("a handle over the bound") { talk.open("/a", 1, std::string(kMaxSftpHandle + 1, 'h')); }
  SECTION("the name of an extension over the bound") {
    talk.client(packet(200, base::Writer().u32(5).block(std::string(300, 'x'))));
  }
  SECTION("a handle given twice") {
    talk.open("/a", 1, "h");
    talk.open("/b", 1, "h");
  }
  SECTION("too many requests") {
    for (std::uint32_t i = 0; i < 1100; ++i)
      talk.client(packet(17, base::Writer().u32(i).block(std::string_view("/"))));
  }
  SECTION("too many handles") {
    for (int i = 0; i < 300; ++i) talk.open("/a", 1, "h" + std::to_string(i));
  }
  SECTION("a path over the bound") { talk.client(packet(13, base::Writer().u32(5).block(std::string(5000, 'a')))); }
  CHECK_FALSE(talk.tracker.following());
}

TEST_CASE("sftp: a peer that does not begin with its greeting is not followed") {
  Talk client_first;
  client_first.tracker = SftpTracker(1);
  client_first.client(packet(17, base::Writer().u32(5).block(std::string_view("/"))));
  CHECK_FALSE(client_first.tracker.following());
  Talk target_first;
  target_first.tracker = SftpTracker(1);
  target_first.client(packet(1, base::Writer().u32(3)));
  target_first.target(packet(101, base::Writer().u32(3)));
  CHECK_FALSE(target_first.tracker.following());
}

TEST_CASE("sftp: another version of the protocol is not followed") {
  Talk talk;
  talk.tracker = SftpTracker(1);
  talk.client(packet(1, base::Writer().u32(6)));
  talk.target(packet(2, base::Writer().u32(6)));
  CHECK_FALSE(talk.tracker.following());
}

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
  const std::uint64_t size = GENERATE(5, 3);
  talk.client(packet(10, base::Writer().u32(80).block(std::string_view("h")).u32(1).u64(size)));
  talk.status(80, 0);
  (void)talk.tracker.take_events();
  talk.close("h");
  CHECK(talk.only_event().sha256.has_value() == (size == 5));
}
