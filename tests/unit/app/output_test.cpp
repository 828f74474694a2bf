#include "output.hpp"

#include <algorithm>
#include <array>

#include "support/catch.hpp"

namespace sallyport::app {
namespace {

constexpr auto kItem = std::to_array<Field>({
    {"name", FieldType::text, 200, true, ""},
    {"made", FieldType::number, 0, false, "Unix milliseconds"},
    {"on", FieldType::flag, 0, false, ""},
    {"secret", FieldType::secret, 64, false, ""},
});
constexpr auto kList = std::to_array<Field>({{"items", FieldType::list, 10, true, "", kItem}});

}  // namespace

TEST_CASE("a table lines its columns up and shows what was chosen") {
  Record record(kList);
  record.add("items").set("name", "a").set("made", std::uint64_t{0}).set_flag("on", true);
  record.add("items").set("name", "longer");
  CHECK(as_table(record, "name made on", false) ==
        "NAME    MADE                      ON\n"
        "a       1970-01-01T00:00:00.000Z  yes\n"
        "longer  -                         -\n");
  CHECK(as_table(record, "name", false) == "NAME\na\nlonger\n");
}

TEST_CASE("foreign text in a table can't act on the terminal") {
  Record record(kList);
  record.add("items").set("name", "x\x1b]0;title\x07y\r\nz\xe2\x80\xaeq");
  const auto table = as_table(record, "name", false);
  CHECK(table.find('\x1b') == std::string::npos);
  CHECK(table.find('\r') == std::string::npos);
  CHECK(table.find("\xe2\x80\xae") == std::string::npos);
  CHECK(std::count(table.begin(), table.end(), '\n') == 2);
}

TEST_CASE("a table never shows a secret") {
  Record record(kList);
  record.add("items").set("name", "x").set("secret", base::SecretBytes::copy(base::as_bytes("hunter2")));
  CHECK(as_table(record, "name secret", false).find("hunter2") == std::string::npos);
}

TEST_CASE("colour only marks the heading") {
  Record record(kList);
  record.add("items").set("name", "a");
  CHECK(as_table(record, "name", true) == "\x1b[1mNAME\x1b[0m\na\n");
}

TEST_CASE("durations read as a person says them") {
  CHECK(short_duration(1234) == "1.2s");
  CHECK(short_duration(125000) == "2m05s");
  CHECK(short_duration(3600000) == "1h00m");
}

}  // namespace sallyport::app
