#include "http_api.hpp"

#include <boost/json.hpp>

#include "sallyport/app/openapi.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::app;
using base::Errc;

namespace {

ApiCall call(std::string_view method, std::string_view target) {
  auto begun = begin_call(method, target);
  if (!begun) FAIL(begun.error().describe());
  return std::move(begun).value();
}
base::Result<> body(ApiCall& call, std::string_view text) { return take_body(call, base::as_bytes(text)); }

}  // namespace

TEST_CASE("api: path, query and body meet in one record") {
  auto list = call("GET", "/v1/checkouts?active=true&limit=5&account=root%40web1");
  REQUIRE(take_body(list, {}).has_value());
  CHECK(list.input.flag("active"));
  CHECK(list.input.number("limit") == 5);
  CHECK(list.input.text("account") == "root@web1");
  CHECK(list.body_limit == 0);

  auto set = call("PATCH", "/v1/users/alice");
  REQUIRE(body(set, R"({"enabled":false})").has_value());
  CHECK(set.input.text("name") == "alice");
  CHECK(set.input.has("enabled"));
  CHECK_FALSE(set.input.flag("enabled"));
}

TEST_CASE("api: a body with a secret is said to need locked memory, and stays small") {
  const auto login = call("POST", "/v1/login");
  CHECK(login.secret_body);
  CHECK(login.body_limit <= base::SecretBytes::kMaxSecret);
  CHECK_FALSE(call("POST", "/v1/targets").secret_body);
}

TEST_CASE("api: bad bodies are refused with the field's name and without its value") {
  const auto bad =
      GENERATE(R"({"user":"alice"})", R"({"user":1,"password":"x"})", R"({"user":"alice","password":"x","extra":1})",
               R"({"user":"alice","user":"bob","password":"x"})", R"({"us\u0065r":"alice","password":"x"})",
               R"({"user":"alice","password":["x"]})", R"([])", R"("x")", R"({"user":"alice","password":"x"} x)",
               R"({"user":)", "", "{\"user\":\"a\xff\",\"password\":\"x\"}", R"({"user":"a\u0000b","password":"x"})",
               R"({"user":"\ud800","password":"x"})",
               R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}})", R"({'user':'alice','password':'x'})",
               R"({"user":"alice","password":null})", R"({"user":"alice","password":true})", "\xef\xbb\xbf{}");
  INFO(bad);
  auto login = call("POST", "/v1/login");
  const auto taken = body(login, bad);
  REQUIRE_FALSE(taken.has_value());
  CHECK((taken.error().code() == Errc::invalid || taken.error().code() == Errc::limit));
}

TEST_CASE("api: too long values are refused") {
  auto login = call("POST", "/v1/login");
  CHECK_FALSE(body(login, R"({"user":")" + std::string(65, 'a') + R"(","password":"x"})").has_value());
  auto again = call("POST", "/v1/login");
  CHECK_FALSE(body(again, R"({"user":"a","password":")" + std::string(1025, 'a') + R"("})").has_value());
}

TEST_CASE("api: bad queries and targets are refused") {
  const auto bad = GENERATE("/v1/users?limit=-1", "/v1/users?limit=x", "/v1/users?limit=1&limit=2", "/v1/users?limit",
                            "/v1/users?bogus=1", "/v1/users?after=%zz", "/v1/users?limit=99999999999999999999",
                            "/v1/checkouts?active=yes");
  INFO(bad);
  auto begun = begin_call("GET", bad);
  if (begun) CHECK_FALSE(take_body(begun.value(), {}).has_value());
  CHECK_FALSE(begin_call("POST", "/v1/login?user=a").has_value());
  CHECK_FALSE(begin_call("GET", "/v1/users?" + std::string(3000, 'a')).has_value());
}

TEST_CASE("api: numbers and bounds in a query are those of the table") {
  auto users = call("GET", "/v1/users?limit=201");
  CHECK_FALSE(take_body(users, {}).has_value());
}

TEST_CASE("api: unknown paths, wrong methods, tokens") {
  CHECK(begin_call("GET", "/v1/nothing").error().code() == Errc::not_found);
  CHECK(begin_call("GET", "/v1/login").error().code() == Errc::unsupported);
  CHECK(bearer_token("Bearer abc-_9").value().expose_text() == "abc-_9");
  for (const auto* bad : {"", "bearer abc", "Bearer ", "Bearer a b", "Basic abc", "Bearer a\"b"}) {
    CHECK(bearer_token(bad).error().code() == Errc::unauthenticated);
  }
  CHECK_FALSE(bearer_token("Bearer " + std::string(129, 'a')).has_value());
}

TEST_CASE("api: an error's text cannot break out of its JSON or its head") {
  const auto text = error_json(base::fail(Errc::invalid, "a \"quoted\"\r\nX-Evil: 1"), "abc");
  const auto parsed = boost::json::parse(text);
  CHECK(parsed.at("error").at("code").as_string() == "invalid");
  CHECK(text.find('\n') == std::string::npos);
}

TEST_CASE("api: every answer says the time by the server's clock") {
  const auto text = response_head({.request_id = "r", .at = base::from_unix_ms(784'111'777'999)});
  CHECK(text.find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n") != std::string::npos);
}

TEST_CASE("openapi: every route of the table stands in the document, with its input") {
  const auto document = boost::json::parse(openapi_document());
  for (const auto& row : operations()) {
    if (row.path.empty()) continue;
    INFO(row.name);
    std::string method(row.method);
    for (auto& c : method) c = static_cast<char>(c + 32);
    const auto& operation = document.at("paths").at(std::string(row.path)).at(method);
    CHECK(operation.at("operationId").as_string() == std::string(row.name));
    std::size_t said = operation.as_object().contains("parameters") ? operation.at("parameters").as_array().size() : 0;
    if (operation.as_object().contains("requestBody")) {
      said += operation.at("requestBody")
                  .at("content")
                  .at("application/json")
                  .at("schema")
                  .at("properties")
                  .as_object()
                  .size();
    }
    CHECK(said == row.input.size());
    CHECK(operation.at("security").as_array().empty() == (row.access.who() == Access::Who::anyone));
  }
}
