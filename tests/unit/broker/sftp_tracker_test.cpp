#include "sftp_talk.hpp"

using namespace sallyport;
using namespace sallyport::broker;
using namespace sallyport::broker::test;
using recorder::Direction;
using recorder::FileAction;
using recorder::FileOutcome;

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
