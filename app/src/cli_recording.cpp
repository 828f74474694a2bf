// recording play, verify, export.
#include <unistd.h>

#include <charconv>

#include <fmt/format.h>

#include "cli_groups.hpp"
#include "output.hpp"
#include "play_terminal.hpp"
#include "recording_store.hpp"
#include "sallyport/base/file_replacement.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/recorder/export.hpp"

namespace sallyport::app {
namespace {

base::Error bad(const std::string& what) { return base::fail(base::Errc::invalid, what); }

// 90, 1m30s, 1h02m03s.
base::Result<std::chrono::milliseconds> parse_time(std::string_view text) {
  std::uint64_t total = 0;
  const auto given = text;
  while (!text.empty()) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || number > 1000000)
      return bad("a time is written like 90, 1m30s or 1h02m03s, not " + base::escape_text(given));
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const char unit = text.empty() ? 's' : text.front();
    if (unit != 'h' && unit != 'm' && unit != 's') return bad("a time's units are h, m and s");
    total += number * (unit == 'h' ? 3600U : unit == 'm' ? 60U : 1U);
    if (!text.empty()) text.remove_prefix(1);
  }
  return std::chrono::milliseconds(total * 1000);
}

base::Result<double> parse_speed(const std::string& text) {
  char* end = nullptr;
  const double speed = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(speed >= 0.01 && speed <= 1000))
    return bad("--speed must be a number from 0.01 to 1000");
  return speed;
}

base::Result<OpenedRecording> opened(const Invocation& line) {
  SALLYPORT_TRY(auto recording, open_recording(line, line.one("id"), line.maybe("file")));
  return recording;
}

base::Result<recorder::Reader> reader_of(OpenedRecording& recording) {
  if (!recording.source)
    return base::fail(base::Errc::not_found, "the file of recording " + recording.id + " is missing");
  return recorder::Reader::open(std::move(recording.source), recording.data_key);
}

base::Result<int> run_play(const Invocation& line) {
  recorder::PlayOptions options;
  PlayTerminal how;
  if (const auto speed = line.maybe("speed")) {
    SALLYPORT_TRY(options.speed, parse_speed(*speed));
    how.speed = options.speed;
  }
  if (const auto idle = line.maybe("idle")) {
    SALLYPORT_TRY(options.max_idle, parse_time(*idle));
  }
  SALLYPORT_TRY(const auto from, parse_time(line.one("from")));
  how.instant = line.has("instant");
  SALLYPORT_TRY(auto recording, opened(line));
  if (recording.vault_state != "complete")
    fmt::print(stderr, "recording {}: {}\n", recording.id, base::escape_text(recording.vault_state));
  SALLYPORT_TRY(auto reader, reader_of(recording));
  SALLYPORT_TRY(auto player, recorder::Player::create(std::move(reader), options));
  if (from.count() > 0) {
    SALLYPORT_TRYV(player.seek(from));
  }
  SALLYPORT_TRYV(play_on_terminal(player, how));
  return 0;
}

constexpr auto kVerdict = std::to_array<Field>({
    {"id", FieldType::text, 16, true, "the session's id"},
    {"ok", FieldType::flag, 0, true, "complete, and what the vault expects; or complete but for declared gaps"},
    {"state", FieldType::text, 32, true, "complete, gap, truncated, missing, tampered, running or none"},
    {"chunks", FieldType::number, 0, true, "that are good"},
    {"checkpoints", FieldType::number, 0, true, "that are good"},
    {"gaps", FieldType::number, 0, true, "declared"},
    {"bytes", FieldType::number, 0, true, "that are good"},
    {"duration_ms", FieldType::number, 0, true, "of the recording"},
    {"chunk", FieldType::number, 0, false, "the first that is wrong"},
    {"offset", FieldType::number, 0, false, "where that begins in the file"},
    {"problem", FieldType::text, 1024, false, "a sentence"},
});

bool is_good(recorder::RecordingState state) {
  return state == recorder::RecordingState::complete || state == recorder::RecordingState::gap ||
         state == recorder::RecordingState::running || state == recorder::RecordingState::none;
}

Record verdict(const std::string& id, const recorder::VerifyReport& report) {
  Record record(kVerdict);
  record.set("id", id).set_flag("ok", is_good(report.state)).set("state", recorder::to_string(report.state));
  record.set("chunks", report.chunks).set("checkpoints", report.checkpoints).set("gaps", report.gaps);
  record.set("bytes", report.bytes).set("duration_ms", report.duration_ms);
  if (const auto& finding = report.finding) {
    if (finding->chunk) record.set("chunk", *finding->chunk);
    record.set("offset", finding->offset).set("problem", base::escape_text(finding->reason, 1000));
  }
  return record;
}

base::Result<int> run_verify(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(const auto recording, opened(line));
  SALLYPORT_TRY(const auto report, recorder::verify(recording.source.get(), recording.data_key, recording.expected));
  if (json) {
    SALLYPORT_TRYV(print(verdict(recording.id, report), "recording.verify", "", true));
  } else {
    SALLYPORT_TRYV(print_text(base::escape_text(report.describe(), 2048) + "\n"));
  }
  return is_good(report.state) ? 0 : 1;
}

base::Result<> export_to(recorder::Reader& reader, const std::string& form, const std::string& title,
                         const recorder::TextSink& sink) {
  if (form == "facts") return recorder::export_facts(reader, sink);
  recorder::CastOptions options;
  options.version = form == "asciicast-v2" ? recorder::CastVersion::v2 : recorder::CastVersion::v3;
  options.title = title;
  return recorder::export_cast(reader, options, sink);
}

base::Result<int> run_export(const Invocation& line) {
  SALLYPORT_TRY(auto recording, opened(line));
  SALLYPORT_TRY(auto reader, reader_of(recording));
  const auto form = line.maybe("format").value_or("asciicast-v3");
  const auto title = "sallyport " + recording.id;
  const auto to = line.maybe("to");
  if (!to) {
    SALLYPORT_TRYV(export_to(reader, form, title, [](std::string_view text) {
      return base::write_all(STDOUT_FILENO, base::as_bytes(text));
    }));
    return 0;
  }
  SALLYPORT_TRY(auto written, base::FileReplacement::begin(*to));
  SALLYPORT_TRYV(
      export_to(reader, form, title, [&](std::string_view text) { return written.write(base::as_bytes(text)); }));
  SALLYPORT_TRYV(written.commit());
  return 0;
}

}  // namespace

std::vector<Command> recording_commands() {
  const Arg id{"id", ArgKind::positional, true, "SESSION", "the session's id"};
  const Arg file{"file", ArgKind::option, false, "FILE",
                 "the sealed file, if it is at hand (a backup, an evidence copy)"};
  std::vector<Command> commands;
  commands.push_back({"recording play",
                      "Auditors",
                      "Plays a recording in this terminal",
                      "Keys: space pauses, left and right go 10 s, up and down change the speed, q ends. What could "
                      "act on your terminal\n"
                      "(clipboard, titles, answers) is filtered out. Each part is verified before it is shown.",
                      {id,
                       {"speed", ArgKind::option, false, "FACTOR", "2 is twice as fast"},
                       {"idle", ArgKind::option, false, "TIME", "cut pauses to this: 2s"},
                       {"from", ArgKind::option, false, "TIME", "begin there: 1h02m03s"},
                       {"instant", ArgKind::flag, false, "", "no pauses at all"},
                       file},
                      {"sallyport recording play 4f2cq7k3m5n6p2ab --idle 2s --speed 2",
                       "sallyport recording play 4f2cq7k3m5n6p2ab --from 12m"},
                      run_play});
  commands.push_back(
      {"recording verify",
       "Auditors",
       "Verifies a recording against itself and against the audit log; names what is wrong",
       "",
       {id, file},
       {"sallyport recording verify 4f2cq7k3m5n6p2ab", "sallyport recording verify 4f2cq7k3m5n6p2ab --file copy.spr"},
       run_verify});
  commands.push_back({"recording export",
                      "Auditors",
                      "Writes a recording for other tools",
                      "",
                      {id,
                       {"format",
                        ArgKind::option,
                        false,
                        "FORM",
                        "what to write; asciicast-v3 if left out",
                        {"asciicast-v3", "asciicast-v2", "facts"}},
                       {"to", ArgKind::option, false, "FILE", "where to; stdout if left out"},
                       file},
                      {"sallyport recording export 4f2cq7k3m5n6p2ab --to session.cast",
                       "sallyport recording export 4f2cq7k3m5n6p2ab --format facts | jq ."},
                      run_export});
  return commands;
}

}  // namespace sallyport::app
