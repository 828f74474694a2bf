// What real full-screen programs draw has to look the same behind the filter. They run in a terminal that answers as
// xterm does, so that they use what it can; libvterm's unterm shows what stands on the screen in the end.
#include <utility>

#include "sallyport/base/file.hpp"
#include "sallyport/base/process.hpp"
#include "sallyport/recorder/terminal_filter.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "support/terminal.hpp"

using namespace sallyport;

namespace {

struct Step {
  std::string wait_for;
  std::string type;
};

std::string drawn_by(const std::vector<std::string>& argv, const std::vector<Step>& steps,
                     const std::filesystem::path& home) {
  test::Terminal terminal(argv,
                          {"TERM=xterm-256color", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "PS1=$ ",
                           "HOME=" + home.string(), "TMUX_TMPDIR=" + home.string()},
                          24, 80);
  for (const auto& step : steps) {
    CAPTURE(step.wait_for);
    REQUIRE(terminal.wait_for(step.wait_for));
    terminal.type(step.type);
  }
  return terminal.shown();  // what it undraws when it ends is not wanted
}

std::string screen_of(std::string_view drawn, const std::filesystem::path& directory) {
  const auto path = directory / "drawn";
  REQUIRE(base::write_file_atomic(path, base::as_bytes(drawn)));
  base::Command command;
  command.argv = {"unterm", "-l", "24", "-c", "80", path.string()};
  command.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
  const auto finished = base::run(command);
  REQUIRE(finished);
  REQUIRE(finished.value().status == 0);
  return std::string(base::as_text(finished.value().out));
}

std::string filtered(std::string_view text) {
  recorder::TerminalFilter filter;
  std::string out;
  filter.feed(base::as_bytes(text), out);  // what is cut off at its end stays held back
  return out;
}

/// The answers that xterm 366 gives: with margins at the sides, and rectangles.
const Step kWhoAreYou{"\x1b[>q", "\x1b[>41;366;0c\x1bP>|XTerm(366)\x1b\\"};

std::string numbered_lines(int count) {
  std::string out;
  for (int i = 1; i <= count; ++i) out += "line " + std::to_string(i) + "\n";
  return out;
}

}  // namespace

TEST_CASE("what vim, less, tmux and htop draw looks the same behind the filter") {
  const test::TempDir dir;
  const auto file = dir / "lines";
  REQUIRE(base::write_file_atomic(file, base::as_bytes(numbered_lines(300))));
  const std::vector<std::pair<std::vector<std::string>, std::vector<Step>>> programs{
      {{"vim", "-u", "NONE", "-N", file.string()},
       {{"line 1", ":vsplit\r"}, {"lines", ":set number\r\x04"}, {" 12 ", "Gdd:echo 1234*3\r"}, {"3702", ":qa!\r"}}},
      {{"less", file.string()}, {{"line 1", " "}, {"line 30", "b/line 77\r"}, {"line 90", "G"}, {"line 300", "q"}}},
      {{"tmux", "-f", "/dev/null", "new-session", "echo ready; exec sh", ";", "set-option", "-g", "assume-paste-time",
        "0", ";", "set-option", "-g", "destroy-unattached", "on"},
       {kWhoAreYou,
        {"ready", "\x02%"},
        {"│", "seq 1 60; echo $((1234*3))\r"},
        {"3702", "\x02\""},
        {"─", "echo $((1235*3))\r"},
        {"3705", "\x02d"}}},
      {{"htop", "-d", "2"}, {{"Tasks", "\x1b[B\x1b[B"}, {"F10", "t"}, {"F9", "q"}}},
  };
  for (const auto& [argv, steps] : programs) {
    CAPTURE(argv.front());
    const auto drawn = drawn_by(argv, steps, dir.path());
    const auto kept = filtered(drawn);
    if (argv.front() == "tmux") CHECK(drawn.find("\x1b[?69h") != std::string::npos);  // margins, or this tries nothing
    CHECK(kept.find("[not shown") == std::string::npos);
    CHECK(kept.find("without an end") == std::string::npos);
    CHECK(screen_of(kept, dir.path()) == screen_of(drawn, dir.path()));
  }
}
