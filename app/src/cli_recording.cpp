// recording play, show, verify, export.
#include <unistd.h>

#include <charconv>

#include <fmt/format.h>

#include "cli_groups.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "play_terminal.hpp"
#include "recording_export.hpp"
#include "recording_show.hpp"
#include "recording_view.hpp"
#include "sallyport/base/text.hpp"

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

struct Playing {
  recorder::PlayOptions options;
  PlayTerminal how;
  std::chrono::milliseconds from{0};
};

base::Result<Playing> playing_of(const Invocation& line) {
  Playing out;
  if (const auto speed = line.maybe("speed")) {
    SALLYPORT_TRY(out.options.speed, parse_speed(*speed));
    out.how.speed = out.options.speed;
  }
  if (const auto idle = line.maybe("idle")) {
    SALLYPORT_TRY(out.options.max_idle, parse_time(*idle));
  }
  SALLYPORT_TRY(out.from, parse_time(line.one("from")));
  out.how.instant = line.has("instant");
  return out;
}

std::string label_of(const ChannelChoice& choice, const recorder::ChannelList& channels) {
  const auto count = channels.channels().size() + channels.more();
  if (choice.all) return fmt::format("all {} channels", count);
  const auto* channel = choice.channel ? channels.find(*choice.channel) : nullptr;
  if (channel == nullptr) return {};
  const auto name = fmt::format("channel {}, {}", channel->number, to_string(channel->kind));
  return count < 2 ? name : fmt::format("{} (of {})", name, count);
}

void tell(const std::string& id, const std::vector<std::string>& notes) {
  for (const auto& note : notes) {
    if (!note.empty()) fmt::print(stderr, "recording {}: {}\n", id, note);
  }
}

base::Result<int> play(OpenedRecording& recording, const ExaminedRecording& examined, Playing playing,
                       std::vector<std::string> notes) {
  // On a terminal the screen is cleared first: what is to be read there comes at the end.
  const bool on_terminal = is_terminal(STDOUT_FILENO);
  if (!on_terminal) tell(recording.id, std::exchange(notes, {}));
  playing.options.line_ends = on_terminal;
  SALLYPORT_TRY(auto reader, reader_of(recording));
  SALLYPORT_TRY(auto player, recorder::Player::create(std::move(reader), playing.options));
  if (playing.from.count() > 0) {
    SALLYPORT_TRYV(player.seek(playing.from));
  }
  const auto played = play_on_terminal(player, playing.how);
  notes.push_back(played ? played.value().warning : std::string());
  const auto quiet = recorder::describe(player.screen().unshown());
  if (!quiet.empty()) notes.push_back("not shown: " + quiet);
  tell(recording.id, notes);
  const bool damaged = !is_good(examined.report.state);
  if (!played && !(damaged && played.error().code() == base::Errc::corrupt)) return played.error();
  if (played && played.value().interrupted) return 130;
  return damaged ? 1 : 0;
}

base::Result<int> run_play(const Invocation& line) {
  SALLYPORT_TRY(auto playing, playing_of(line));
  SALLYPORT_TRY(auto recording, opened_recording(line));
  SALLYPORT_TRY(const auto examined, examine(recording));
  const auto damage = damage_of(examined.report);
  if (!recording.source) return no_file(recording, examined);
  SALLYPORT_TRY(const auto choice, chosen_channel(line, examined));
  if (!choice.all && !choice.channel) {
    tell(recording.id, {damage, "nothing was printed in it; what it did: sallyport recording export " + recording.id +
                                    " --format facts"});
    return damage.empty() ? 0 : 1;
  }
  playing.options.channel = choice.channel;
  playing.options.all_channels = choice.all;
  playing.how.duration_ms = examined.report.duration_ms;
  playing.how.label = label_of(choice, examined.channels);
  if (!damage.empty())
    playing.how.label = "DAMAGED (" + std::string(to_string(examined.report.state)) + ")  " + playing.how.label;
  return play(recording, examined, std::move(playing), {damage, choice.note});
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
  SALLYPORT_TRY(const auto recording, opened_recording(line));
  SALLYPORT_TRY(const auto report, recorder::verify(recording.source.get(), recording.data_key, recording.expected));
  if (json) {
    SALLYPORT_TRYV(print(verdict(recording.id, report), "recording.verify", "", true));
  } else {
    SALLYPORT_TRYV(print_text(base::escape_text(report.describe(), 2048) + "\n"));
  }
  return is_good(report.state) ? 0 : 1;
}

}  // namespace

std::vector<Command> recording_commands() {
  const Arg id{"id", ArgKind::positional, true, "SESSION", "the session's id; with --key-file the sealed file"};
  const Arg file{"file", ArgKind::option, false, "FILE",
                 "the sealed file, if it is at hand (a backup, an evidence copy)"};
  const Arg key{"key-file", ArgKind::option, false, "FILE",
                "what opens it, from recording export --format key: no server is asked"};
  const Arg channel{"channel", ArgKind::option, false, "N|all",
                    "which channel, or all in turn; the first that printed something if left out"};
  std::vector<Command> commands;
  commands.push_back({"recording show",
                      "Auditors",
                      "Shows a recording as its file is, with its channels",
                      "The file is verified on the way. Looking into it is an event of the audit log.",
                      {{"id", ArgKind::positional, true, "SESSION", "the session's id"}, file},
                      {"sallyport recording show 4f2cq7k3m5n6p2ab"},
                      run_recording_show});
  commands.push_back({"recording play",
                      "Auditors",
                      "Plays a recording in this terminal",
                      "Keys: space pauses, left and right go 10 s, up and down change the speed, q ends. What could "
                      "act on your terminal\n"
                      "(clipboard, titles, answers) is not sent to it: marks and a line at the end say what. The file "
                      "is verified first; of one\n"
                      "that is damaged the good part is shown, and the exit status is 1.",
                      {{"id", ArgKind::positional, false, "SESSION",
                        "the session's id, the newest if left out; with --key-file the sealed file"},
                       channel,
                       {"speed", ArgKind::option, false, "FACTOR", "2 is twice as fast"},
                       {"idle", ArgKind::option, false, "TIME", "cut pauses to this: 2s"},
                       {"from", ArgKind::option, false, "TIME", "begin there: 1h02m03s"},
                       {"instant", ArgKind::flag, false, "", "no pauses at all"},
                       file,
                       key},
                      {"sallyport recording play", "sallyport recording play 4f2cq7k3m5n6p2ab --idle 2s --speed 2",
                       "sallyport recording play 4f2cq7k3m5n6p2ab --from 12m --channel 3",
                       "sallyport recording play session.spr --key-file session.key"},
                      run_play});
  commands.push_back(
      {"recording verify",
       "Auditors",
       "Verifies a recording against itself and against the audit log; names what is wrong",
       "",
       {id, file, key},
       {"sallyport recording verify 4f2cq7k3m5n6p2ab", "sallyport recording verify 4f2cq7k3m5n6p2ab --file copy.spr"},
       run_verify});
  commands.push_back({"recording export",
                      "Auditors",
                      "Writes a recording for other tools",
                      "raw is every byte that was printed, unfiltered; sealed is the file as it is stored; key opens "
                      "that file without a server,\n"
                      "for whoever has it. A file that stands at --to is replaced when all is written, and never by a "
                      "damaged recording.",
                      {id,
                       {"format",
                        ArgKind::option,
                        false,
                        "FORM",
                        "what to write; asciicast-v3 if left out",
                        {"asciicast-v3", "asciicast-v2", "facts", "raw", "sealed", "key"}},
                       channel,
                       {"to", ArgKind::option, false, "FILE", "where to; stdout if left out"},
                       file,
                       key},
                      {"sallyport recording export 4f2cq7k3m5n6p2ab --to session.cast",
                       "sallyport recording export 4f2cq7k3m5n6p2ab --format facts | jq .",
                       "sallyport recording export 4f2cq7k3m5n6p2ab --format key --to session.key"},
                      run_recording_export});
  return commands;
}

}  // namespace sallyport::app
