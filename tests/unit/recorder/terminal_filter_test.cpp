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
  return out;
}

std::string byte_by_byte(std::string_view text) {
  TerminalFilter filter;
  std::string out;
  for (const char c : text) filter.feed(base::as_bytes(std::string_view(&c, 1)), out);
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
        "\x1b[4h\x1b[4l\x1b[5@\x1b[2P\x1b[s\x1b[u\x1b#8\x0e\x0f"}) {
    CAPTURE(base::escape_text(text));
    CHECK(filtered(text) == text);
    CHECK(byte_by_byte(text) == text);
  }
}

TEST_CASE("whatever makes a terminal answer, act or remember is dropped") {
  for (const std::string text : {"\x1b]52;c;ZXZpbA==\x07",
                                 "\x1b]52;c;?\x1b\\",
                                 "\x1b]0;title\x07",
                                 "\x1b]2;title\x1b\\",
                                 "\x1b]8;;http://evil/\x1b\\",
                                 "\x1b]10;?\x07",
                                 "\x1b]777;notify;a;b\x07",
                                 "\x1b]1337;File=inline=1:AAAA\x07",
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
                                 "\x1bPq#0;2;0;0;0~-\x1b\\",
                                 "\x1b_Gi=1,a=q;AAAA\x1b\\",
                                 "\x1b^pm\x1b\\",
                                 "\x1bXsos\x1b\\",
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
                                 "\x1b[?69h",
                                 "\x1b[1;20s",
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
                                 "\xC2\x9D"
                                 "52;c;ZXZpbA==\xC2\x9C",
                                 "\xC2\x90$qm\xC2\x9C",
                                 "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"}) {
    CAPTURE(base::escape_text(text));
    const auto out = filtered("a" + text + "b");
    // Of a tmux passthrough the end stays as text at most: no escape may be left.
    CHECK(out.find('\x1b') == std::string::npos);
    CHECK(out.find("\xC2\x9B") == std::string::npos);
    CHECK(out.front() == 'a');
    CHECK(out.back() == 'b');
    if (text.find("tmux") == std::string::npos) CHECK(out == "ab");
    CHECK(byte_by_byte("a" + text + "b") == out);
  }
}

TEST_CASE("a list of modes passes only the harmless ones") {
  CHECK(filtered("\x1b[?25;1000;1049;2004h") == "\x1b[?25h\x1b[?1049h");
}

TEST_CASE("a full reset becomes its visible part") {
  CHECK(filtered("\x1b"
                 "c") == "\x1b[!p\x1b[H\x1b[2J");
}

TEST_CASE("controls inside a sequence are obeyed, CAN and a new ESC abort it") {
  CHECK(filtered("\x1b[3\r1mx") == "\r\x1b[31mx");
  CHECK(filtered("\x1b[31\x18mx") == "mx");
  CHECK(filtered("\x1b[31\x1b[32mx") == "\x1b[32mx");
  CHECK(filtered("\x1b]52;c;AAAA\x1b[32mx") == "\x1b[32mx");
  CHECK(filtered("\x1b]0;never ends") == "");
}

TEST_CASE("a sequence of a megabyte takes no memory and passes nothing") {
  CHECK(filtered("\x1b[" + std::string(1U << 20U, '1') + "mok") == "ok");
  CHECK(filtered("\x1b]" + std::string(1U << 20U, 'x') + "\x07ok") == "ok");
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
