#include "sallyport/recorder/terminal_filter.hpp"

#include "sallyport/base/text.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::recorder;

namespace {

std::string filtered(std::string_view text) {
  TerminalFilter filter;
  std::string out;
  filter.feed(base::as_bytes(text), out);
  filter.finish(out);
  return out;
}

std::string byte_by_byte(std::string_view text) {
  TerminalFilter filter;
  std::string out;
  for (const char c : text) filter.feed(base::as_bytes(std::string_view(&c, 1)), out);
  filter.finish(out);
  return out;
}

}  // namespace

TEST_CASE("text, colours, cursor movement and the alternate screen pass unchanged") {
  for (const std::string text :
       {"plain text\r\n\ttab\b\a", "\x1b[1;31mred\x1b[0m", "\x1b[38;2;1;2;3mx\x1b[38:5:200my",
        "\x1b[10;20H\x1b[2J\x1b[K\x1b[3A\x1b[?25l\x1b[?25h", "\x1b[?1049h\x1b[1;24r\x1b[?1049l",
        "\x1b"
        "7\x1b"
        "8\x1bM\x1b"
        "D",
        "\x1b(0lqk\x1b(B", "h\u00e9llo \u4f60\u597d \U0001F600", "\x1b[2 q\x1b[!p",
        "\x1b[4h\x1b[4l\x1b[5@\x1b[2P\x1b[s\x1b[u\x1b#8\x0e\x0f",
        // Panes beside each other: margins, rectangles, columns, scrolling sideways.
        "\x1b[?69h\x1b[1;20s\x1b[?69l", "\x1b[32;1;1;9;9$x\x1b[1;1;9;9$z\x1b[1;1;2;2;1;3;3;1$v",
        "\x1b[2'}\x1b[2'~\x1b[3 @\x1b[3 A",
        // Selective erasing, line sizes, tab stops, far moves.
        "\x1b[1\"q\x1b[?2J\x1b[?K\x1b[0\"q\x1b#3\x1b#6\x1b[?5W\x1b[32766;32766H\x1b[?45h"}) {
    CAPTURE(base::escape_text(text));
    CHECK(filtered(text) == text);
    CHECK(byte_by_byte(text) == text);
  }
}

TEST_CASE("whatever makes a terminal answer, act or remember is dropped") {
  for (const std::string text : {"\x1b]0;title\x07",
                                 "\x1b]2;title\x1b\\",
                                 "\x1b]8;;http://evil/\x1b\\",
                                 "\x1b]10;?\x07",
                                 "\x1b[c",
                                 "\x1b[0c",
                                 "\x1b[>c",
                                 "\x1b[=c",
                                 "\x1b[>0q",
                                 "\x1b[5n",
                                 "\x1b[6n",
                                 "\x1b[?6n",
                                 "\x1b[?15n",
                                 "\x1bZ",
                                 "\x05",
                                 "\x1b[x",
                                 "\x1b[1x",
                                 "\x1b[?1$p",
                                 "\x1b[4$p",
                                 "\x1b[21t",
                                 "\x1b[18t",
                                 "\x1b[8;1;1t",
                                 "\x1b[3J",
                                 "\x1b[i",
                                 "\x1b[5i",
                                 "\x1b[?5i",
                                 "\x1bP$qm\x1b\\",
                                 "\x1bP+q544e\x1b\\",
                                 "\x1bktitle\x1b\\",
                                 "\x1b[?1000h",
                                 "\x1b[?1002;1006h",
                                 "\x1b[?1004h",
                                 "\x1b[?2004h",
                                 "\x1b[?1h",
                                 "\x1b=",
                                 "\x1b>",
                                 "\x1b[>4;2m",
                                 "\x1b[?4m",
                                 "\x1b[>1u",
                                 "\x1b[=1u",
                                 "\x1b[?u",
                                 "\x1b[20h",
                                 "\x1b[?3h",
                                 "\x1b[?25r",
                                 "\x1b[999999999b",
                                 "\x1b[99999999999999999999L",
                                 "\x1b[1;2;3;4;5T",
                                 "\x1b%G",
                                 "\x1b%@",
                                 "\x1b F",
                                 "\x1b[62\"p",
                                 "\x1b[1;1'z",
                                 "\x1b[1*y",
                                 "\x1b[?1;0S",
                                 "\xC2\x9B"
                                 "6n",
                                 "\xC2\x90$qm\xC2\x9C"}) {
    CAPTURE(base::escape_text(text));
    CHECK(filtered("a" + text + "b") == "ab");
    CHECK(byte_by_byte("a" + text + "b") == "ab");
  }
}

TEST_CASE("a control string that is dropped leaves its kind and size in its place") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"\x1b]52;c;ZXZpbA==\x07", "[not shown: OSC 52, 13 bytes]"},
      {"\x1b]52;c;?\x1b\\", "[not shown: OSC 52, 6 bytes]"},
      {"\xC2\x9D"
       "52;c;ZXZpbA==\xC2\x9C",
       "[not shown: OSC 52, 13 bytes]"},
      {"\x1b]777;notify;a;b\x07", "[not shown: OSC 777, 14 bytes]"},
      {"\x1b]1337;File=inline=1:AAAA\x07", "[not shown: OSC 1337, 23 bytes]"},
      {"\x1bPq#0;2;0;0;0~-\x1b\\", "[not shown: DCS, 13 bytes]"},
      {"\x1b_Gi=1,a=q;AAAA\x1b\\", "[not shown: APC, 13 bytes]"},
      {"\x1b^pm\x1b\\", "[not shown: PM, 2 bytes]"},
      {"\x1bXsos\x1b\\", "[not shown: SOS, 3 bytes]"},
      // A title of that length is no title.
      {"\x1b]0;" + std::string(300, 'x') + "\x07", "[not shown: OSC 0, 302 bytes]"},
  };
  for (const auto& [text, mark] : cases) {
    CAPTURE(base::escape_text(text));
    CHECK(filtered("a" + text + "b") == "a" + mark + "b");
    CHECK(byte_by_byte("a" + text + "b") == "a" + mark + "b");
  }
}

TEST_CASE("a control string that does not end hides nothing of what follows") {
  const std::vector<std::pair<std::string, std::string>> kinds{{"\x1b_", "APC"}, {"\x1b]", "OSC"}, {"\x1bP", "DCS"},
                                                               {"\x1b^", "PM"},  {"\x1bX", "SOS"}, {"\x1bk", "title"}};
  for (const auto& [begin, name] : kinds) {
    CAPTURE(name);
    // A line of a shell, an escape, a CAN, and the end of the recording.
    const auto line = filtered(begin + "rm -rf /srv\r\n$ ls\r\n" + std::string(9000, '-'));
    CHECK(line.find("[" + name + " without an end, ") == 0);
    CHECK(line.find("rm -rf /srv\r\n$ ls\r\n") != std::string::npos);
    const std::string mark = "[" + name + " without an end, 4 bytes:]";
    CHECK(filtered(begin + "text\x1b[32mx") == mark + "text\x1b[32mx");
    CHECK(filtered(begin + "text\x18x") == mark + "textx");
    CHECK(filtered(begin + "text\x1b") == mark + "text");
    CHECK(byte_by_byte(begin + "text") == mark + "text");
    // And one that never ends.
    const auto flood = filtered(begin + std::string(1U << 20U, 'x'));
    CHECK(flood.size() == std::string("[" + name + " without an end, 8192 bytes:]").size() + (1U << 20U));
  }
}

TEST_CASE("an escape of another multiplexer inside a string is told, and does not act") {
  const auto out = filtered("\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\b");
  CHECK(out == "[DCS without an end, 5 bytes:]tmux;[not shown: OSC 52, 9 bytes]b");
}

TEST_CASE("a CSI that does not end shows what it would have hidden") {
  CHECK(filtered("\x1b[" + std::string(200, '1') + "x") ==
        "[CSI without an end, 128 bytes:]" + std::string(200, '1') + "x");
  CHECK(filtered("\x1b[12\u00e9") == "[CSI without an end, 2 bytes:]12\u00e9");
}

TEST_CASE("what is dropped without a mark is counted by its kind") {
  TerminalFilter filter;
  std::string out;
  filter.feed(base::as_bytes("\x1b]0;title\x07\x1b]0;more\x07\x1b[?2004h\x1b[6n\x1b=\x1b]R\x1b]P0123456x"), out);
  CHECK(out == "x");
  CHECK(describe(filter.unshown()) ==
        "OSC 0 2 times (13 bytes), CSI 2 times (12 bytes), ESC 1 times (2 bytes), OSC 2 times (9 bytes)");
}

TEST_CASE("margins and moves stay within the rows that are there for them") {
  TerminalFilter filter;
  filter.fit({23, 24});
  const auto fitted = [&](std::string_view text) {
    std::string out;
    filter.feed(base::as_bytes(text), out);
    return out;
  };
  CHECK(fitted("\x1b[r") == "\x1b[1;23r");
  CHECK(fitted("\x1b[2;40r\x1b[3;9r") == "\x1b[2;23r\x1b[3;9r");
  CHECK(fitted("\x1b[999;999H\x1b[24;1f\x1b[24d\x1b[H") == "\x1b[23;999H\x1b[23;1f\x1b[23d\x1b[1;H");
  CHECK(fitted("\x1b[!p") ==
        "\x1b[!p\x1b"
        "7\x1b[1;23r\x1b"
        "8");
  CHECK(fitted("\x1b[?1049h\x1b[24;1H") ==
        "\x1b[?1049h\x1b"
        "7\x1b[1;24r\x1b"
        "8\x1b[24;1H");
  CHECK(filter.alternate_screen());
  CHECK(fitted("\x1b[?1049l") ==
        "\x1b[?1049l\x1b"
        "7\x1b[1;23r\x1b"
        "8");
  CHECK_FALSE(filter.alternate_screen());
}

TEST_CASE("a list of modes passes only the harmless ones") {
  CHECK(filtered("\x1b[?25;1000;1049;2004h") == "\x1b[?25h\x1b[?1049h");
}

TEST_CASE("a full reset becomes its visible part") {
  CHECK(filtered("\x1b"
                 "c") == "\x1b[?69l\x1b[!p\x1b(B\x0f\x1b[H\x1b[2J");
}

TEST_CASE("controls inside a sequence are obeyed, CAN and a new ESC abort it") {
  CHECK(filtered("\x1b[3\r1mx") == "\r\x1b[31mx");
  CHECK(filtered("\x1b[31\x18mx") == "mx");
  CHECK(filtered("\x1b[31\x1b[32mx") == "\x1b[32mx");
}

TEST_CASE("what is no UTF-8 becomes U+FFFD, never a raw byte") {
  const std::string r = "\xEF\xBF\xBD";
  CHECK(filtered("a\xFF"
                 "b") == "a" + r + "b");
  CHECK(filtered("\x9B"
                 "6n") == r + "6n");
  CHECK(filtered("\xC0\x9B") == r + r);
  CHECK(filtered("\xED\xA0\x80") == r + r + r);
  CHECK(filtered("\xE4\xBD"
                 "x") == r + "x");
  CHECK(filtered("\xF0\x9F\x98\xF0\x9F\x98\x80") == r + "\xF0\x9F\x98\x80");
  for (int i = 0; i < 65536; ++i) {
    const std::string pair{static_cast<char>(i >> 8), static_cast<char>(i & 0xFF)};
    REQUIRE(base::is_valid_utf8(filtered(pair)));
  }
}
