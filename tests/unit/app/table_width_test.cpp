// Every table that a command shows fits 80 columns, whatever is in it.
#include <algorithm>
#include <sstream>

#include "cli_time.hpp"
#include "cli_verb.hpp"
#include "output.hpp"
#include "recording_show.hpp"
#include "support/catch.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::int64_t kNow = 1'795'860'000'000;
// As long as states and kinds are, and a number and a duration that nothing of ours will see.
constexpr std::string_view kState = "unix_password";
constexpr std::uint64_t kNumber = 9'876'543'210;
constexpr std::uint64_t kDuration = 3'600'000'000;

std::uint64_t number_of(const Field& field) {
  if (field.doc.find("Unix milliseconds") != std::string_view::npos) return kNow;
  if (field.name.ends_with("_ms")) return kDuration;
  if (field.name.ends_with("seconds") || field.name == "seconds_left") return kDuration / 1000;
  return field.max == 0 ? kNumber : field.max;
}

void fill(Record& item) {
  for (const auto& field : item.schema()) {
    if (field.type == FieldType::number)
      item.set(field.name, number_of(field));
    else if (field.type == FieldType::flag)
      item.set_flag(field.name, true);
    else if (field.type == FieldType::list)
      fill(item.add(field.name));
    else if (field.type == FieldType::text && field.max == 32)
      item.set(field.name, kState);
    else if (field.type == FieldType::text || field.type == FieldType::words)
      item.set(field.name, std::string(field.max, 'w'));
  }
}

// Two that are alike: not even the ids can be shown by their beginnings.
std::string crowded(const Operation& operation, std::string_view columns) {
  Record answer(operation.output);
  const auto list = operation.output.front().name;
  for (int i = 0; i < 2; ++i) fill(answer.add(list));
  return as_table(answer, {.columns = columns, .width = kWidth, .now = base::from_unix_ms(kNow)});
}

std::size_t letters(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::size_t widest(const std::string& table) {
  std::istringstream lines(table);
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) most = std::max(most, letters(line));
  return most;
}

bool has_column(const Verb& verb, std::string_view name) {
  return (" " + std::string(verb.columns) + " ").find(" " + std::string(name) + " ") != std::string::npos;
}

recorder::ChannelList one_channel(std::string_view command) {
  recorder::ChannelList channels;
  recorder::Record record;
  record.time_ms = kDuration;
  record.body = recorder::OpenedRecord{4096, recorder::ChannelKind::forward, false};
  channels.take(record);
  record.body = recorder::CommandRecord{4096, command};
  channels.take(record);
  record.body = recorder::ClosedRecord{4096, UINT32_MAX};
  channels.take(record);
  return channels;
}

}  // namespace

TEST_CASE("every list of the command line fits 80 columns, with the longest names as well") {
  std::size_t lists = 0;
  for (const auto& verb : verbs()) {
    const auto& operation = *find_operation(verb.operation);
    if (operation.output.empty() || operation.output.front().type != FieldType::list) continue;
    INFO(verb.words);
    const auto table = crowded(operation, verb.columns);
    INFO(table);
    CHECK(widest(table) <= kWidth);
    ++lists;
  }
  CHECK(lists >= 10);
}

TEST_CASE("what is cut for 80 columns is text, no time, state or id") {
  for (const auto& verb : verbs()) {
    if (verb.words != "session list" && verb.words != "recording list" && verb.words != "rotation list") continue;
    const auto table = crowded(*find_operation(verb.operation), verb.columns);
    INFO(table);
    CHECK(table.find(short_time(base::from_unix_ms(kNow), base::from_unix_ms(kNow))) != std::string::npos);
    CHECK(table.find(kState) != std::string::npos);
    CHECK(table.find(std::string(16, 'w') + "  ") != std::string::npos);
    CHECK((!has_column(verb, "duration_ms") || table.find(short_duration(kDuration)) != std::string::npos));
  }
}

TEST_CASE("a fingerprint is shown whole: removing its key takes it") {
  const std::string fingerprint = "SHA256:" + std::string(43, 'f');
  Record keys(find_operation(OperationId::user_key_list)->output);
  auto& key = keys.add("keys");
  key.set("fingerprint", fingerprint).set("type", "ssh-ed25519").set("comment", std::string(60, 'c'));
  const auto table = as_table(keys, {.width = kWidth});
  INFO(table);
  CHECK(table.find(fingerprint + "  ssh-ed25519  cc") != std::string::npos);
  CHECK(widest(table) <= kWidth);
}

TEST_CASE("the channels of a recording fit 80 columns, and nothing but the command is cut") {
  const auto channels = one_channel(std::string(256, 'c'));
  const auto narrow = channel_table(channels, {.width = kWidth});
  INFO(narrow);
  CHECK(widest(narrow) <= kWidth);
  for (const auto* whole : {"4096     forward  1000h00m  1000h00m ", " 4294967295   ccc"})
    CHECK(narrow.find(whole) != std::string::npos);
  const auto wide = channel_table(channels, {.wide = true, .width = kWidth});
  for (const auto* name : {"TO TARGET", "TO CLIENT", "SIZE"}) CHECK(wide.find(name) != std::string::npos);
  CHECK(wide.find(std::string(256, 'c')) != std::string::npos);
}

}  // namespace sallyport::app
