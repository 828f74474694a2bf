#include "output.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

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

struct InUtc {
  InUtc() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

constexpr auto kIds =
    std::to_array<Field>({{"id", FieldType::text, 16, true, ""}, {"what", FieldType::text, 200, true, ""}});
constexpr auto kIdList = std::to_array<Field>({{"items", FieldType::list, 10, true, "", kIds}});

}  // namespace

TEST_CASE("ids are shown by their beginnings as long as those differ") {
  Record record(kIdList);
  record.add("items").set("id", "aaaaaaaabbbbbbbb").set("what", "x");
  record.add("items").set("id", "ccccccccbbbbbbbb").set("what", "y");
  CHECK(as_table(record, {.columns = "id"}) == "ID\naaaaaaaa\ncccccccc\n");
  CHECK(as_table(record, {.columns = "id", .wide = true}) ==
        "ID                WHAT\naaaaaaaabbbbbbbb  x\nccccccccbbbbbbbb  y\n");
  record.add("items").set("id", "ccccccccdddddddd").set("what", "z");
  CHECK(as_table(record, {.columns = "id"}).find("ccccccccdddddddd") != std::string::npos);
}

TEST_CASE("a table fits its terminal, and says where it was cut") {
  Record record(kList);
  record.add("items").set("name", std::string(100, 'n'));
  const auto table = as_table(record, {.columns = "name on", .width = 40});
  CHECK(table.find("\xe2\x80\xa6  -\n") != std::string::npos);
  CHECK(as_table(record, {.columns = "name on", .wide = true, .width = 40}).find(std::string(100, 'n')) !=
        std::string::npos);
  CHECK(as_table(record, {.columns = "name on"}).find(std::string(100, 'n')) != std::string::npos);
}

TEST_CASE("a table lines its columns up and shows what was chosen") {
  const InUtc zone;
  Record record(kList);
  record.add("items").set("name", "a").set("made", std::uint64_t{0}).set_flag("on", true);
  record.add("items").set("name", "longer");
  CHECK(as_table(record, {.columns = "name made on", .now = base::from_unix_ms(86400000)}) ==
        "NAME    MADE (UTC)   ON\n"
        "a       01-01 00:00  yes\n"
        "longer  -            -\n");
  CHECK(as_table(record, {.columns = "name"}) == "NAME\na\nlonger\n");
}

TEST_CASE("foreign text in a table can't act on the terminal") {
  Record record(kList);
  record.add("items").set("name", "x\x1b]0;title\x07y\r\nz\xe2\x80\xaeq");
  const auto table = as_table(record, {.columns = "name"});
  CHECK(table.find('\x1b') == std::string::npos);
  CHECK(table.find('\r') == std::string::npos);
  CHECK(table.find("\xe2\x80\xae") == std::string::npos);
  CHECK(std::count(table.begin(), table.end(), '\n') == 2);
}

TEST_CASE("a table never shows a secret") {
  Record record(kList);
  record.add("items").set("name", "x").set("secret", base::SecretBytes::copy(base::as_bytes("hunter2")));
  CHECK(as_table(record, {.columns = "name secret"}).find("hunter2") == std::string::npos);
}

TEST_CASE("colour only marks the heading") {
  Record record(kList);
  record.add("items").set("name", "a");
  CHECK(as_table(record, {.columns = "name", .colour = true}) == "\x1b[1mNAME\x1b[0m\na\n");
}

TEST_CASE("durations read as a person says them") {
  CHECK(short_duration(1234) == "1.2s");
  CHECK(short_duration(125000) == "2m05s");
  CHECK(short_duration(3600000) == "1h00m");
}

}  // namespace sallyport::app
