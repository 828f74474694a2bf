#include "http_head.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using app::head_end;
using app::parse_head;

namespace {
base::Result<app::HttpHead> parse(std::string_view text) { return parse_head(base::as_bytes(text)); }
}  // namespace

TEST_CASE("http head: a request as curl sends it") {
  const auto head = parse(
      "POST /v1/login HTTP/1.1\r\nHost: vault.example:8443\r\nAuthorization: Bearer abc\r\nContent-Type: "
      "Application/JSON; charset=utf-8\r\n"
      "Content-Length: 17\r\nAccept: */*\r\n\r\n");
  REQUIRE(head.has_value());
  CHECK(head.value().method == "POST");
  CHECK(head.value().target == "/v1/login");
  CHECK(head.value().content_type == "application/json");
  CHECK(head.value().content_length == 17U);
  CHECK(head.value().keep_alive);
  REQUIRE(head.value().authorization.has_value());
  CHECK(head.value().authorization->expose_text() == "Bearer abc");
}

TEST_CASE("http head: what nginx or haproxy refuse is refused, and what an API does not need") {
  const std::string start = "GET /v1/whoami HTTP/1.1\r\nHost: a\r\n";
  const auto bad = GENERATE_COPY(
      std::string("GET /v1/whoami HTTP/1.1\r\n\r\n"),           // no Host
      start + "Host: b\r\n\r\n",                                // two
      std::string("GET /v1/whoami HTTP/1.1\r\nHost:\r\n\r\n"),  // an empty one
      std::string("GET /v1/whoami HTTP/1.0\r\nHost: a\r\n\r\n"),
      std::string("GET http://a/v1/whoami HTTP/1.1\r\nHost: a\r\n\r\n"),  // absolute-form
      std::string("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), std::string("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
      start + "Transfer-Encoding: chunked\r\n\r\n", start + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
      start + "Content-Length: 4\r\nContent-Length: 4\r\n\r\n",  // equal twins
      start + "Content-Length: 4, 4\r\n\r\n", start + "Content-Length: +4\r\n\r\n",
      start + "Content-Length: 99999999999\r\n\r\n", start + "Content-Length: 0x4\r\n\r\n",
      start + "Content_Length: 4\r\n\r\n",  // a twin by underscore
      start + "X-A: b\r\n c\r\n\r\n",       // folded
      start + "X-A: b\nX-B: c\r\n\r\n",     // lone LF
      start + "X-A: b\rX-B: c\r\n\r\n",     // lone CR
      start + std::string("X-A: b\0c\r\n\r\n", 12), start + "X A: b\r\n\r\n", start + "X-A : b\r\n\r\n",
      start + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
      start + "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", std::string("GET  /v1/whoami HTTP/1.1\r\nHost: a\r\n\r\n"),
      std::string("GET /v1/whoami\r\nHost: a\r\n\r\n"), std::string("\r\n\r\n"));
  INFO(bad);
  const auto head = parse(bad);
  REQUIRE_FALSE(head.has_value());
  CHECK(head.error().code() == base::Errc::invalid);
}

TEST_CASE("http head: more than 64 fields are refused") {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 64; ++i) text += "X-" + std::to_string(i) + ": v\r\n";
  CHECK_FALSE(parse(text + "\r\n").has_value());
}

TEST_CASE("http head: its end is found, and only whole") {
  CHECK(head_end(base::as_bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n{}")) == 27U);
  CHECK_FALSE(head_end(base::as_bytes("GET / HTTP/1.1\r\nHost: a\r\n")).has_value());
}
