#include "sallyport/recorder/export.hpp"

#include "recording.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/process.hpp"
#include "sallyport/recorder/channel_list.hpp"
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
        "[0.250, \"o\", \"say \\\"hi\\\" \\\\ [not shown: OSC 52, 9 bytes]\\u001b[31m\"]\n"
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
  CHECK(base::as_text(finished.value().out) ==
        "say \"hi\" \\ [not shown: OSC 52, 9 bytes]\x1b[31m\xE4\xBD\xA0\xEF\xBF\xBD\r\n");
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
  REQUIRE(export_facts(reader, {}, [&](std::string_view text) -> base::Result<> {
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

namespace {

/// A shell on a terminal, and two commands beside it on the same connection.
base::Bytes several() {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(1, ChannelKind::shell));
  REQUIRE(rig.recorder.resize(1, 90, 30));
  rig.print("$ ", 1);
  rig.wait(100);
  REQUIRE(rig.recorder.channel_opened(2, ChannelKind::exec));
  REQUIRE(rig.recorder.exec(2, "id; tail -f log"));
  rig.print("uid=0\nlo", 2);
  rig.wait(100);
  rig.print("ls\r\n", 1);
  REQUIRE(rig.recorder.channel_opened(3, ChannelKind::sftp));
  FileEvent event;
  event.channel = 3;
  event.path = "/etc/shadow";
  REQUIRE(rig.recorder.file_event(event));
  rig.wait(100);
  rig.print("g\n", 2);
  rig.recorder.count(1, Direction::to_target, 4);
  REQUIRE(rig.recorder.channel_closed(2, 7));
  REQUIRE(rig.recorder.finish(EndReason::closed));
  return rig.output.file;
}

std::string raw_of(const base::Bytes& file, const RawOptions& options) {
  auto reader = reader_of(file);
  std::string out;
  REQUIRE(export_raw(reader, options, [&](std::string_view text) -> base::Result<> {
    out += text;
    return base::ok();
  }));
  return out;
}

std::string facts_of(const base::Bytes& file, const FactsOptions& options) {
  auto reader = reader_of(file);
  std::string out;
  REQUIRE(export_facts(reader, options, [&](std::string_view text) -> base::Result<> {
    out += text;
    return base::ok();
  }));
  return out;
}

}  // namespace

TEST_CASE("facts do not turn the text around them, and are still the same text") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(1, ChannelKind::exec));
  REQUIRE(rig.recorder.exec(1, "rm \u202Egpj.\U000E0041"));
  REQUIRE(rig.recorder.finish(EndReason::ended, "done"));
  auto reader = reader_of(rig.output.file);
  std::string all;
  REQUIRE(export_facts(reader, {}, [&](std::string_view text) -> base::Result<> {
    all += text;
    return base::ok();
  }));
  CHECK(all.find(R"("text":"rm \u202egpj.\udb40\udc41")") != std::string::npos);
}

TEST_CASE("every channel of a connection can be exported") {
  CastOptions options;
  options.version = CastVersion::v2;
  options.channel = 2;
  CHECK(cast_of(several(), options) ==
        "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1795369200}\n"
        "[0.100, \"o\", \"uid=0\\r\\nlo\"]\n"
        "[0.300, \"o\", \"g\\r\\n\"]\n");
  options.channel.reset();
  options.all_channels = true;
  CHECK(cast_of(several(), options) ==
        "{\"version\":2,\"width\":90,\"height\":30,\"timestamp\":1795369200}\n"
        "[0.000, \"o\", \"\\u001b[0m--- channel 1, shell ---\\r\\n$ \"]\n"
        "[0.100, \"o\", \"\\r\\n\\u001b[0m--- channel 2, exec: id; tail -f log ---\\r\\nuid=0\\r\\nlo\"]\n"
        "[0.200, \"o\", \"\\r\\n\\u001b[0m--- channel 1, shell ---\\r\\nls\\r\\n\"]\n"
        "[0.300, \"o\", \"\\r\\n\\u001b[0m--- channel 2, exec: id; tail -f log ---\\r\\ng\\r\\n\"]\n");
  CHECK(raw_of(several(), {2, false, {}}) == "uid=0\nlog\n");
  CHECK(raw_of(several(), {std::nullopt, false, {}}) == "$ ls\r\n");
  CHECK(raw_of(several(), {std::nullopt, true, {}}) == "$ uid=0\nlols\r\ng\n");
  const auto facts = facts_of(several(), {3, {}});
  CHECK(facts.find("/etc/shadow") != std::string::npos);
  CHECK(facts.find("tail -f") == std::string::npos);
  CHECK(facts.find("\"type\":\"end\"") != std::string::npos);
}

TEST_CASE("the list of channels says kind, text, size, times and bytes of each") {
  const auto file = several();
  MemorySource source(file);
  ChannelList list;
  REQUIRE(verify(&source, key_of(), {}, [&](const Record& record) { list.take(record); }));
  REQUIRE(list.channels().size() == 3);
  CHECK(list.printing() == 2);
  const auto* shell = list.find(1);
  REQUIRE(shell != nullptr);
  CHECK(shell->kind == ChannelKind::shell);
  CHECK(shell->size == WindowSize{90, 30});
  CHECK(shell->printed == 6);
  CHECK(shell->to_target == 4);
  CHECK_FALSE(shell->closed_ms);
  const auto* exec = list.find(2);
  REQUIRE(exec != nullptr);
  CHECK(exec->text == "id; tail -f log");
  CHECK_FALSE(exec->size);
  CHECK(exec->opened_ms == 100);
  CHECK(exec->closed_ms == 300);
  CHECK(exec->exit_status == 7);
  CHECK(exec->printed == 10);
  CHECK(list.find(3)->files == 1);
  CHECK(list.find(4) == nullptr);
}

TEST_CASE("a terminal without a size is exported as 80x24") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  REQUIRE(rig.recorder.resize(0, 0, 0));
  rig.print("x");
  REQUIRE(rig.recorder.finish(EndReason::closed));
  CHECK(cast_of(rig.output.file, {}).find(R"("term":{"cols":80,"rows":24})") != std::string::npos);
}

TEST_CASE("a control string without an end hides nothing of an export, and raw gives every byte") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  REQUIRE(rig.recorder.resize(0, 80, 24));
  rig.print("$ printf '\\033_'\r\n\x1b_");
  rig.wait(1000);
  rig.print("$ cat /etc/shadow");
  REQUIRE(rig.recorder.finish(EndReason::closed));
  const auto cast = cast_of(rig.output.file, {});
  CHECK(cast.find("[APC without an end, 17 bytes:]$ cat /etc/shadow") != std::string::npos);
  CHECK(raw_of(rig.output.file, {}) == "$ printf '\\033_'\r\n\x1b_$ cat /etc/shadow");
}

TEST_CASE("an export of a damaged recording says so in itself") {
  auto file = several();
  REQUIRE(file.size() > 700);
  file.erase(file.end() - 700, file.end());
  CastOptions options;
  options.damage = "truncated: the end is missing";
  const auto cast = cast_of(file, options);
  CHECK(cast.find(R"("m", "truncated: the end is missing")") != std::string::npos);
  CHECK(cast.find("[truncated: the end is missing]") != std::string::npos);
  CHECK(facts_of(file, {std::nullopt, options.damage}).find(R"("type":"damage")") != std::string::npos);
}

TEST_CASE("a gap stands on the screen where it was") {
  const Sample sample(true);
  CHECK(cast_of(sample.file, {}).find("[not recorded: 12 bytes, policy: not to be kept]") != std::string::npos);
}
