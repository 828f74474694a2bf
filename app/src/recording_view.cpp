#include "recording_view.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "cli_advice.hpp"
#include "client_api.hpp"
#include "recording_key.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxKeyFile = 4096;

Result<OpenedRecording> open_with_key(const std::string& file, const std::string& key_file) {
  SALLYPORT_TRY(const auto text, base::read_secret_file(key_file, kMaxKeyFile));
  auto key = decode_recording_key(text);
  if (!key) return std::move(key).error().within(key_file);
  OpenedRecording opened;
  opened.expected = std::move(key.value().expected);
  opened.data_key = std::move(key.value().data_key);
  opened.id = opened.expected.session->text();
  SALLYPORT_TRY(auto source, recorder::FileSource::open(file));
  opened.source = std::move(source);
  return opened;
}

Result<ChannelChoice> default_channel(const ExaminedRecording& examined) {
  const auto& all = examined.channels.channels();
  ChannelChoice choice;
  const auto first = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.printed > 0; });
  if (first != all.end()) choice.channel = first->number;
  if (all.size() + examined.channels.more() < 2) return choice;
  choice.note = fmt::format(
      "this recording has {} channels, {} of them printed something; this is {}; others: "
      "--channel N or --channel all, and recording show lists them",
      all.size() + examined.channels.more(), examined.channels.printing(),
      first == all.end() ? "none" : describe(*first));
  return choice;
}

// Of the newest session that has one, however many attempts came to nothing since.
Result<std::string> newest_session(const Invocation& line) {
  SALLYPORT_TRY(auto client, signed_in_client(line));
  Record input(find_operation(OperationId::recording_list)->input);
  for (;;) {
    SALLYPORT_TRY(const auto page, client.call(OperationId::recording_list, input));
    const auto sessions = page.list("sessions");
    const auto found =
        std::ranges::find_if(sessions, [](const Record& one) { return one.text("recording") != "none"; });
    if (found != sessions.end()) return std::string(found->text("id"));
    if (!page.has("next")) return fail(Errc::not_found, "there is no recording yet");
    input.set("after", page.text("next"));
  }
}

Result<std::string> session_named(const Invocation& line) {
  constexpr std::size_t kLeast = 4;
  auto id = line.one("id");
  if (id.empty()) return newest_session(line);
  if (id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos)
    return advise(fail(Errc::invalid, base::escape_text(id) + " is no session's id"),
                  "a sealed file is opened with --key-file KEY, or with the session's id and --file FILE");
  if (id.size() < kLeast) return fail(Errc::invalid, "a session's id can be cut to its first 4 letters, no less");
  return id;
}

}  // namespace

Result<OpenedRecording> opened_recording(const Invocation& line) {
  const auto key_file = line.maybe("key-file");
  if (key_file) return open_with_key(line.maybe("file").value_or(line.one("id")), *key_file);
  SALLYPORT_TRY(const auto id, session_named(line));
  return open_recording(line, id, line.maybe("file"));
}

Result<ExaminedRecording> examine(const OpenedRecording& recording) {
  ExaminedRecording out;
  SALLYPORT_TRY(out.report, recorder::verify(recording.source.get(), recording.data_key, recording.expected,
                                             [&](const recorder::Record& record) { out.channels.take(record); }));
  return out;
}

bool is_good(recorder::RecordingState state) {
  return state == recorder::RecordingState::complete || state == recorder::RecordingState::gap ||
         state == recorder::RecordingState::running || state == recorder::RecordingState::none;
}

std::string damage_of(const recorder::VerifyReport& report) {
  return is_good(report.state) ? std::string() : base::escape_text(report.describe(), 1024);
}

base::Error no_file(const OpenedRecording& recording, const ExaminedRecording& examined) {
  return fail(Errc::not_found,
              "recording " + recording.id + ": " + base::escape_text(examined.report.describe(), 1024));
}

Result<recorder::Reader> reader_of(OpenedRecording& recording) {
  if (!recording.source) return fail(Errc::not_found, "the file of recording " + recording.id + " is missing");
  return recorder::Reader::open(std::move(recording.source), recording.data_key);
}

Result<ChannelChoice> chosen_channel(const Invocation& line, const ExaminedRecording& examined) {
  const auto given = line.maybe("channel");
  if (!given) return default_channel(examined);
  ChannelChoice choice;
  if (*given == "all") {
    choice.all = true;
    return choice;
  }
  recorder::ChannelNumber number = 0;
  const auto [end, problem] = std::from_chars(given->data(), given->data() + given->size(), number);
  if (problem != std::errc() || end != given->data() + given->size())
    return fail(Errc::invalid, "--channel must be a number or all");
  const auto* found = examined.channels.find(number);
  // Beyond the list's bound it may be there all the same.
  if (found == nullptr && examined.channels.more() == 0)
    return fail(Errc::not_found, fmt::format("the recording has no channel {}; recording show lists them", number));
  choice.channel = number;
  if (found != nullptr && found->printed == 0)
    choice.note = describe(*found) + " printed nothing; what it did: recording export --format facts";
  return choice;
}

std::string describe(const recorder::ChannelSummary& channel) {
  auto out = fmt::format("channel {}, {}", channel.number, to_string(channel.kind));
  if (!channel.text.empty()) out += ": " + base::escape_text(channel.text, 100);
  return out;
}

}  // namespace sallyport::app
