#include "record_json.hpp"

#include <array>
#include <string>

#include "sallyport/base/text.hpp"
#include "support/catch.hpp"

namespace sallyport::app {
namespace {

constexpr auto kItem = std::to_array<Field>({{"key", FieldType::text, 20, true, ""}});
constexpr auto kSchema = std::to_array<Field>({
    {"name", FieldType::text, 40, true, ""},
    {"count", FieldType::number, 0, false, ""},
    {"on", FieldType::flag, 0, false, ""},
    {"blob", FieldType::bytes, 16, false, ""},
    {"keys", FieldType::list, 2, false, "", kItem},
});
constexpr auto kSecret = std::to_array<Field>({
    {"user", FieldType::text, 40, true, ""},
    {"password", FieldType::secret, 64, false, ""},
    {"seed", FieldType::secret_bytes, 64, false, ""},
});

std::string written(const Record& record, std::string_view lead = {}) {
  const auto text = to_json(record, lead);
  REQUIRE(text);
  return std::string(base::as_text(text.value().view()));
}

base::Result<Record> read(std::string_view text, Fields schema = kSchema) {
  return from_json(base::as_bytes(text), schema);
}

constexpr auto kWords = std::to_array<Field>({{"roles", FieldType::words, 16, true, ""}});

}  // namespace

TEST_CASE("names with commas between are an array in JSON, and read as either") {
  for (const auto* text : {R"({"roles":["a","bc"]})", R"({"roles":"a,bc"})"}) {
    const auto record = read(text, kWords).value();
    CHECK(record.text("roles") == "a,bc");
    CHECK(base::as_text(to_json(record).value().view()) == R"({"roles":["a","bc"]})");
  }
  CHECK(base::as_text(to_json(read(R"({"roles":[]})", kWords).value()).value().view()) == R"({"roles":[]})");
  for (const auto* text : {R"({"roles":["a,b"]})", R"({"roles":[1]})", R"({"roles":[""]})", R"({"roles":7})",
                           R"({"roles":["aaaaaaaaaa","aaaaaaaaaa"]})"})
    CHECK_FALSE(read(text, kWords));
}

TEST_CASE("a record comes back from JSON as it was") {
  Record record(kSchema);
  record.set("name", "a \"quoted\" \\ name").set("count", std::uint64_t{9007199254740991}).set_flag("on", false);
  record.set("blob", base::Bytes{0, 1, 254, 255});
  record.add("keys").set("key", "one");
  const auto text = written(record);
  CHECK(
      text ==
      R"({"name":"a \"quoted\" \\ name","count":9007199254740991,"on":false,"blob":"AAH+/w==","keys":[{"key":"one"}]})");
  const auto again = read(text);
  REQUIRE(again);
  CHECK(written(again.value()) == text);
}

TEST_CASE("a list that is empty is not a list that is absent") {
  const auto record = read(R"({"name":"x","keys":[]})");
  REQUIRE(record);
  CHECK(record.value().has("keys"));
  CHECK(written(record.value()) == R"({"name":"x","keys":[]})");
  CHECK_FALSE(read(R"({"name":"x"})").value().has("keys"));
}

TEST_CASE("the schema's name goes in front of a record") {
  Record record(kSchema);
  record.set("name", "x");
  CHECK(written(record, "\"schema\":\"s/1\"") == R"({"schema":"s/1","name":"x"})");
}

TEST_CASE("JSON with a secret is written to locked memory, and read from it") {
  Record record(kSecret);
  record.set("user", "alice").set("password", base::SecretBytes::copy(base::as_bytes("pass\"word")));
  record.set("seed", base::SecretBytes::copy(base::as_bytes("ab")));
  const auto text = to_json(record);
  REQUIRE(text);
  CHECK(text.value().locked());
  const auto again = from_json(text.value().view(), kSecret);
  REQUIRE(again);
  CHECK(again.value().secret("password").expose_text() == "pass\"word");
  CHECK(again.value().secret("seed").expose_text() == "ab");
}

TEST_CASE("base64 is padded for every length") {
  for (std::size_t size = 0; size <= 7; ++size) {
    Record record(kSchema);
    const base::Bytes bytes(size, 0x5a);
    record.set("name", "x").set("blob", bytes);
    CHECK(written(record) == "{\"name\":\"x\",\"blob\":\"" + base::base64(bytes) + "\"}");
  }
}

TEST_CASE("JSON that does not fit the schema is refused by the field's name") {
  const auto refused = [](std::string_view text, std::string_view name) {
    const auto record = read(text);
    REQUIRE_FALSE(record);
    CHECK(record.error().code() == base::Errc::invalid);
    CHECK(record.error().context().find(name) != std::string::npos);
  };
  refused(R"({"name":"x","more":1})", "more");
  refused(R"({"count":1})", "name");
  refused(R"({"name":5})", "name");
  refused(R"({"name":"x","count":-1})", "count");
  refused(R"({"name":"x","count":1.5})", "count");
  refused(R"({"name":"x","count":"1"})", "count");
  refused(R"({"name":"x","on":1})", "on");
  refused(R"({"name":"x","blob":"A"})", "blob");
  refused(R"({"name":"x","keys":{}})", "keys");
  refused(R"({"name":"x","keys":[1]})", "keys");
  refused(R"({"name":"x","keys":[{"key":"1"},{"key":"2"},{"key":"3"}]})", "keys");
  refused(R"({"name":"x","keys":[{"key":"1","other":2}]})", "other");
}

TEST_CASE("what is no JSON object is refused") {
  for (const auto* text :
       {"", "[]", "null", "{", R"({"name":"x"} x)", R"({"name":"x",})", "{\"name\":\"\x01\"}", "{\"name\":\"\xff\"}"}) {
    INFO(text);
    CHECK_FALSE(read(text));
  }
  const std::string deep = R"({"name":)" + std::string(40, '[') + std::string(40, ']') + "}";
  CHECK_FALSE(read(deep));
}

TEST_CASE("a body too long for locked memory is refused, not cut") {
  const std::string text = R"({"user":"a","password":")" + std::string(70000, 'x') + "\"}";
  const auto record = read(text, kSecret);
  REQUIRE_FALSE(record);
  CHECK(record.error().code() == base::Errc::invalid);
}

TEST_CASE("a client passes over fields that a newer server sends") {
  const std::string text = R"({"name":"x","new":{"a":[1,2]}})";
  CHECK_FALSE(from_json(base::as_bytes(text), kSchema));
  CHECK(from_json(base::as_bytes(text), kSchema, Unknown::pass_over));
}

}  // namespace sallyport::app
