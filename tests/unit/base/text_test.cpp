#include "sallyport/base/text.hpp"

#include "support/catch.hpp"

using namespace sallyport::base;

TEST_CASE("escaped text cannot drive a terminal", "[text]") {
  CHECK(escape_text("\x1b]52;c;aGk=\x07") == "\\x1b]52;c;aGk=\\x07");
  CHECK(escape_text("a\nb\tc") == "a\\x0ab\\x09c");
  CHECK(escape_text("\xc2\x9b"
                    "31m") == "\\x9b31m");  // the one-byte CSI of C1
  CHECK(escape_text("\xff\xfe") == "\\xff\\xfe");
  CHECK(escape_text("back\\slash") == "back\\\\slash");
}

TEST_CASE("escaped text cannot turn its surroundings round", "[text]") {
  CHECK(escape_text("\u202Etxt.exe") == "\\u{202e}txt.exe");
  CHECK(escape_text("a\u200Bb") == "a\\u{200b}b");
}

TEST_CASE("ordinary text passes unescaped and long text is cut", "[text]") {
  CHECK(escape_text("Grüße, 世界 🙂") == "Grüße, 世界 🙂");
  CHECK(escape_text(std::string(500, 'x'), 10) == "xxxxxxxxxx...");
}

TEST_CASE("overlong, surrogate and truncated UTF-8 is not valid", "[text]") {
  for (const auto* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    CHECK_FALSE(is_valid_utf8(bad));
  }
  CHECK(is_valid_utf8("é€😀"));
}

TEST_CASE("plain text holds no control and no direction marks", "[text]") {
  CHECK(is_plain_text("ticket OPS-17: restart nginx", 100));
  CHECK_FALSE(is_plain_text("two\nlines", 100));
  CHECK_FALSE(is_plain_text("\u2066hidden\u2069", 100));
  CHECK_FALSE(is_plain_text("too long", 3));
}

TEST_CASE("decoders refuse anything that is not canonical", "[text]") {
  CHECK(as_text(unbase64("aGVsbG8=").value()) == "hello");
  for (const auto* bad : {"aGVsbG8", "aGVs bG8=", "aGVsbG8=\n", "aGVsbG9=", "====", "aGVsbG8=="})
    CHECK_FALSE(unbase64(bad));
  CHECK(unbase64("////"));
  CHECK_FALSE(unbase64("///\x9b"));  // libsodium alone reads it as a slash
  CHECK(as_text(unbase64url("aGVsbG8").value()) == "hello");
  CHECK_FALSE(unbase64url("aGVsbG8="));
  CHECK(unhex("00ff").value() == Bytes{0, 255});
  for (const auto* bad : {"0", "0g", " 00", "00 "}) CHECK_FALSE(unhex(bad));
}

TEST_CASE("base32 gives RFC 4648's answers, without padding", "[text]") {
  const auto encode = [](std::string_view text) {
    return std::string(base32_secret(SecretBytes::copy(as_bytes(text))).expose_text());
  };
  CHECK(encode("").empty());
  CHECK(encode("f") == "MY");
  CHECK(encode("fo") == "MZXQ");
  CHECK(encode("foo") == "MZXW6");
  CHECK(encode("foob") == "MZXW6YQ");
  CHECK(encode("fooba") == "MZXW6YTB");
  CHECK(encode("foobar") == "MZXW6YTBOI");
}
