#include "sallyport/app/record.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::app;
using base::Errc;

namespace {

constexpr auto kItem =
    std::to_array<Field>({{"name", FieldType::text, 4, true, ""}, {"n", FieldType::number, 9, false, ""}});
constexpr auto kAll = std::to_array<Field>({{"text", FieldType::text, 8, true, ""},
                                            {"number", FieldType::number, 0, false, ""},
                                            {"flag", FieldType::flag, 0, false, ""},
                                            {"secret", FieldType::secret, 8, false, ""},
                                            {"bytes", FieldType::bytes, 8, false, ""},
                                            {"list", FieldType::list, 2, false, "", kItem}});

Record full() {
  Record record(kAll);
  record.set("text", "déjà").set("number", std::uint64_t{7}).set_flag("flag", true);
  record.set("secret", base::SecretBytes::copy(base::as_bytes("pw"))).set("bytes", base::Bytes{0, 1, 255});
  record.add("list").set("name", "a").set("n", std::uint64_t{9});
  record.add("list").set("name", "b");
  return record;
}

base::Bytes bytes_of(const Record& record) {
  const auto payload = encode(record);
  REQUIRE(payload.has_value());
  const auto view = payload.value().view();
  return {view.begin(), view.end()};
}

Errc refused(base::ByteView bytes) {
  const auto record = decode(bytes, kAll);
  REQUIRE_FALSE(record.has_value());
  return record.error().code();
}

}  // namespace

TEST_CASE("record: every type comes back as it went") {
  const auto bytes = bytes_of(full());
  const auto back = decode(bytes, kAll);
  REQUIRE(back.has_value());
  const Record& record = back.value();
  CHECK(record.text("text") == "déjà");
  CHECK(record.number("number") == 7);
  CHECK(record.flag("flag"));
  CHECK(record.secret("secret").expose_text() == "pw");
  CHECK(record.bytes("bytes").size() == 3);
  REQUIRE(record.list("list").size() == 2);
  CHECK(record.list("list")[0].number("n") == 9);
  CHECK_FALSE(record.list("list")[1].has("n"));
  CHECK(bytes_of(record) == bytes);
}

TEST_CASE("record: what holds a secret is encoded into locked memory, the rest is not") {
  CHECK(encode(full()).value().locked());
  Record plain(kAll);
  plain.set("text", "x");
  CHECK_FALSE(encode(plain).value().locked());
}

TEST_CASE("record: every cut of an encoded record is refused") {
  const auto bytes = bytes_of(full());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(refused(base::ByteView(bytes).first(size)) == Errc::invalid);
  }
}

TEST_CASE("record: bytes left over, doubled, unknown and disordered fields are refused") {
  base::Bytes bytes = bytes_of(full());
  SECTION("left over") {
    bytes.push_back(0);
    CHECK(refused(bytes) == Errc::invalid);
  }
  SECTION("unknown") { CHECK(refused(base::Bytes{7, 0}) == Errc::invalid); }
  SECTION("doubled") { CHECK(refused(base::Bytes{1, 0, 0, 0, 1, 'a', 1, 0, 0, 0, 1, 'a', 0}) == Errc::invalid); }
  SECTION("disordered") { CHECK(refused(base::Bytes{3, 1, 1, 0, 0, 0, 1, 'a', 0}) == Errc::invalid); }
  SECTION("a flag that is neither 0 nor 1") {
    CHECK(refused(base::Bytes{1, 0, 0, 0, 1, 'a', 3, 2, 0}) == Errc::invalid);
  }
  SECTION("missing") { CHECK(refused(base::Bytes{3, 1, 0}) == Errc::invalid); }
}

TEST_CASE("record: bounds and plain text are kept on both ways") {
  Record record(kAll);
  SECTION("long text") { record.set("text", "123456789"); }
  SECTION("control character") { record.set("text", "a\nb"); }
  SECTION("no UTF-8") { record.set("text", "\xff"); }
  SECTION("long secret") { record.set("text", "a").set("secret", base::SecretBytes(9)); }
  SECTION("large number") { record.set("text", "a").set("number", kMaxNumber + 1); }
  SECTION("item over its own bound") {
    record.set("text", "a").add("list").set("name", "x").set("n", std::uint64_t{10});
  }
  SECTION("too many items") {
    record.set("text", "a");
    for (int i = 0; i < 3; ++i) record.add("list").set("name", "x");
  }
  const auto encoded = encode(record);
  REQUIRE_FALSE(encoded.has_value());
  CHECK(encoded.error().code() == Errc::invalid);
}

TEST_CASE("record: the decoder keeps the bounds that the encoder would keep") {
  CHECK(refused(base::Bytes{1, 0, 0, 0, 9, '1', '2', '3', '4', '5', '6', '7', '8', '9', 0}) == Errc::limit);
  CHECK(refused(base::Bytes{1, 0, 0, 0, 1, '\n', 0}) == Errc::invalid);
  CHECK(refused(base::Bytes{1, 0, 0, 0, 1, 'a', 6, 255, 255, 255, 255}) == Errc::invalid);
}

TEST_CASE("record: a secret that was taken out is absent") {
  auto record = full();
  CHECK(record.take_secret("secret").expose_text() == "pw");
  CHECK_FALSE(record.has("secret"));
}
