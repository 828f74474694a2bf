#include "sallyport/recorder/export.hpp"

#include "recording.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/process.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

std::string cast_of(const base::Bytes& file, const CastOptions& options) {
  auto reader = reader_of(file);
  std::string out;
  const auto done = export_cast(reader, options, [&](std::string_view text) -> base::Result<> {
    out += text;
    return base::ok();
  });
  REQUIRE(done);
  return out;
}

base::Bytes hostile() {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  REQUIRE(rig.recorder.resize(0, 100, 30));
  rig.wait(250);
  rig.print("say \"hi\" \\ \x1b]52;c;eA==\x07\x1b[31m\xE4\xBD");
  rig.wait(1250);
  rig.print("\xA0\xFF\x01\r\n");
  REQUIRE(rig.recorder.resize(0, 120, 40));
  REQUIRE(rig.recorder.channel_closed(0, 2));
  REQUIRE(rig.recorder.finish(EndReason::closed));
  return rig.output.file;
}

}  // namespace

TEST_CASE("asciicast v3 has intervals, whole characters and no sequence that acts") {
  CastOptions options;
  options.title = "root@web1";
  CHECK(cast_of(hostile(), options) ==
        "{\"version\":3,\"term\":{\"cols\":100,\"rows\":30},\"timestamp\":1795369200,\"title\":\"root@web1\"}\n"
        "[0.250, \"o\", \"say \\\"hi\\\" \\\\ \\u001b[31m\"]\n"
        "[1.250, \"o\", \"\xE4\xBD\xA0\xEF\xBF\xBD\\r\\n\"]\n"
        "[0.000, \"r\", \"120x40\"]\n"
        "[0.000, \"x\", \"2\"]\n");
}

TEST_CASE("asciicast v2 has times from the start, unfiltered it keeps all sequences and is still valid") {
  CastOptions options;
  options.version = CastVersion::v2;
  options.filter = false;
  CHECK(cast_of(hostile(), options) ==
        "{\"version\":2,\"width\":100,\"height\":30,\"timestamp\":1795369200}\n"
        "[0.250, \"o\", \"say \\\"hi\\\" \\\\ \\u001b]52;c;eA==\\u0007\\u001b[31m\"]\n"
        "[1.500, \"o\", \"\xE4\xBD\xA0\xEF\xBF\xBD\\u0001\\r\\n\"]\n"
        "[1.500, \"r\", \"120x40\"]\n");
}

TEST_CASE("a recording that printed nothing is a valid cast of its header") {
  Rig rig;
  REQUIRE(rig.recorder.finish(EndReason::closed));
  CHECK(cast_of(rig.output.file, {}) ==
        "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24},\"timestamp\":1795369200}\n");
}

TEST_CASE("a sink that fails ends the export") {
  const auto file = hostile();
  auto reader = reader_of(file);
  const auto done = export_cast(
      reader, {}, [](std::string_view) -> base::Result<> { return base::fail(base::Errc::closed, "gone"); });
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == base::Errc::closed);
}

TEST_CASE("asciinema prints a v2 export as it was shown") {
  const sallyport::test::TempDir dir;
  const auto path = dir / "x.cast";
  const auto file = hostile();
  CastOptions options;
  options.version = CastVersion::v2;
  REQUIRE(base::write_file_atomic(path, base::as_bytes(cast_of(file, options))));
  base::Command command;
  // It wants a terminal for its keys.
  command.argv = {"script", "-qec", "asciinema cat " + path.string(), "/dev/null"};
  command.environment = {"SHELL=/bin/sh", "TERM=xterm",     "PATH=/usr/bin:/bin",
                         "LANG=C.UTF-8",  "LC_ALL=C.UTF-8", "HOME=" + dir.path().string()};
  const auto finished = base::run(command);
  REQUIRE(finished);
  CAPTURE(base::as_text(finished.value().err));
  REQUIRE(finished.value().status == 0);
  CHECK(base::as_text(finished.value().out) == "say \"hi\" \\ \x1b[31m\xE4\xBD\xA0\xEF\xBF\xBD\r\n");
}

TEST_CASE("facts are one JSON object a line") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(1, ChannelKind::sftp));
  REQUIRE(rig.recorder.exec(1, "ls \"x\"\n"));
  FileEvent event;
  event.channel = 1;
  event.path = "/tmp/\xFF";
  event.size = 3;
  REQUIRE(rig.recorder.file_event(event));
  REQUIRE(rig.recorder.finish(EndReason::ended, "done"));
  auto reader = reader_of(rig.output.file);
  std::vector<std::string> lines;
  REQUIRE(export_facts(reader, [&](std::string_view text) -> base::Result<> {
    lines.emplace_back(text);
    return base::ok();
  }));
  const std::string head = R"({"time_ms":0,"at":"2026-11-22T17:40:00.000Z","session":"abcdefghijklmnop",)";
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == head + R"("type":"session","meta":{"user":"alice","account":"root@web1"}})"
                           "\n");
  CHECK(lines[1] == head + R"("type":"channel_opened","channel":1,"kind":"sftp"})"
                           "\n");
  CHECK(lines[2] == head + R"("type":"exec","channel":1,"text":"ls \"x\"\n"})"
                           "\n");
  CHECK(lines[3] == head +
                        "\"type\":\"file\",\"channel\":1,\"how\":\"sftp\",\"action\":\"transfer\",\"direction\":\"to_"
                        "target\",\"path\":\"/tmp/\xEF\xBF\xBD\","
                        "\"path_base64\":\"L3RtcC//\",\"size\":3,\"outcome\":\"complete\"}\n");
  CHECK(lines[4].find(R"("type":"end","reason":"ended","text":"done","duration_ms":0)") != std::string::npos);
}
