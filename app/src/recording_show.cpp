#include "recording_show.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "environment.hpp"
#include "operation_fields.hpp"
#include "output.hpp"
#include "recording_view.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {

using base::Result;

namespace {

constexpr auto kChannelItem = std::to_array<Field>({
    {"channel", FieldType::number, 0, true, "its number in the session"},
    {"kind", FieldType::text, 16, true, "shell, exec, sftp, scp, forward or other"},
    {"opened_ms", FieldType::number, 0, true, "since the start"},
    {"closed_ms", FieldType::number, 0, false, "since the start"},
    {"printed", FieldType::number, 0, true, "bytes that the recording holds"},
    {"to_target", FieldType::number, 0, true, "bytes that passed, counted"},
    {"to_client", FieldType::number, 0, true, "bytes that passed, counted"},
    {"files", FieldType::number, 0, true, "file events"},
    {"exit_status", FieldType::number, 0, false, "of its program"},
    {"size", FieldType::text, 32, false, "columns and rows of its terminal"},
    {"text", FieldType::text, 1200, true, "command or subsystem; the first 256 bytes"},
});
constexpr auto kOfTheFile = std::to_array<Field>({
    {"problem", FieldType::text, 1100, false, "what is wrong with the file"},
    {"channel_details", FieldType::list, recorder::ChannelList::kMax, true, "in the order of their opening",
     kChannelItem},
    {"more_channels", FieldType::number, 0, true, "that are not listed"},
});

template <std::size_t A, std::size_t B>
constexpr std::array<Field, A + B> joined(const std::array<Field, A>& a, const std::array<Field, B>& b) {
  std::array<Field, A + B> out{};
  std::copy(a.begin(), a.end(), out.begin());
  std::copy(b.begin(), b.end(), out.begin() + A);
  return out;
}
constexpr auto kShown = joined(fields::kSessionItem, kOfTheFile);
constexpr std::string_view kSheet =
    "id user account checkout source how live frozen started ended end_reason recording bytes duration_ms problem";
constexpr std::string_view kTable = "channel kind opened_ms closed_ms printed files exit_status text";

void fill(Record& out, const recorder::ChannelSummary& channel) {
  out.set("channel", std::uint64_t{channel.number}).set("kind", to_string(channel.kind));
  out.set("opened_ms", std::min(channel.opened_ms, kMaxNumber)).set("printed", channel.printed);
  out.set("to_target", std::min(channel.to_target, kMaxNumber))
      .set("to_client", std::min(channel.to_client, kMaxNumber));
  out.set("files", channel.files).set("text", base::escape_text(channel.text, 1100));
  if (channel.closed_ms) out.set("closed_ms", std::min(*channel.closed_ms, kMaxNumber));
  if (channel.exit_status) out.set("exit_status", std::uint64_t{*channel.exit_status});
  if (channel.size) out.set("size", fmt::format("{}x{}", channel.size->first, channel.size->second));
}

Record list_of(const recorder::ChannelList& channels, Fields schema) {
  Record out(schema);
  out.set_list("channel_details");
  for (const auto& channel : channels.channels()) fill(out.add("channel_details"), channel);
  return out;
}

struct Known {
  Record record;  ///< the vault's words; state, size and time as the file has them, when it can be read
  std::string problem;
};

Result<Known> known_to_the_vault(const Invocation& line) {
  SALLYPORT_TRY(auto client, signed_in_client(line));
  Record input(find_operation(OperationId::recording_show)->input);
  input.set("id", line.one("id"));
  SALLYPORT_TRY(auto record, client.call(OperationId::recording_show, input));
  return Known{std::move(record), {}};
}

void judge(Known& known, const OpenedRecording& recording, const recorder::VerifyReport& report) {
  const bool running = report.state == recorder::RecordingState::running;
  known.record.set("recording", running ? std::string_view("recording") : recorder::to_string(report.state));
  if (report.finding) known.problem = base::escape_text(report.describe(), 1000);
  if (!recording.source) return;
  known.record.set("bytes", recording.source->size()).set("duration_ms", std::min(report.duration_ms, kMaxNumber));
}

/// What the vault knows is shown even where the file cannot be had just now.
Result<ExaminedRecording> look_into(const Invocation& line, Known& known) {
  const auto recording = opened_recording(line);
  if (!recording) {
    known.problem = base::escape_text("the file could not be looked into: " + recording.error().context(), 1000);
    return ExaminedRecording{};
  }
  SALLYPORT_TRY(auto examined, examine(recording.value()));
  judge(known, recording.value(), examined.report);
  return examined;
}

Result<> print_both(const Record& shown, const recorder::ChannelList& channels, bool wide) {
  SALLYPORT_TRYV(print(shown, "recording.show", kSheet, false));
  if (channels.channels().empty()) return base::ok();
  SALLYPORT_TRYV(print_text("\n" + channel_table(channels, table_form("", wide))));
  if (channels.more() == 0) return base::ok();
  return print_text(fmt::format("and {} more\n", channels.more()));
}

}  // namespace

std::string channel_table(const recorder::ChannelList& channels, TableForm form) {
  static constexpr auto kOnly = std::to_array<Field>({kOfTheFile[1]});
  form.columns = kTable;
  return as_table(list_of(channels, kOnly), form);
}

Result<int> run_recording_show(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(const bool wide, line.wide());
  SALLYPORT_TRY(auto known, known_to_the_vault(line));
  SALLYPORT_TRY(const auto examined, look_into(line, known));
  auto shown = list_of(examined.channels, kShown);
  shown.absorb(std::move(known.record));
  if (!known.problem.empty()) shown.set("problem", known.problem);
  shown.set("more_channels", examined.channels.more());
  if (json) {
    SALLYPORT_TRYV(print(shown, "recording.show", "", true));
  } else {
    SALLYPORT_TRYV(print_both(shown, examined.channels, wide));
  }
  return 0;
}

}  // namespace sallyport::app
