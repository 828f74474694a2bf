#include "recording_export.hpp"

#include <unistd.h>

#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "environment.hpp"
#include "recording_key.hpp"
#include "recording_view.hpp"
#include "sallyport/base/file_replacement.hpp"
#include "sallyport/recorder/export.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kPiece = 64U << 10U;

struct Export {
  std::string form;
  ChannelChoice choice;
  std::string title;
  std::string damage;
};

Result<> write_cast(recorder::Reader& reader, const Export& what, const recorder::TextSink& sink) {
  recorder::CastOptions options;
  options.version = what.form == "asciicast-v2" ? recorder::CastVersion::v2 : recorder::CastVersion::v3;
  options.channel = what.choice.channel;
  options.all_channels = what.choice.all;
  options.title = what.title;
  options.damage = what.damage;
  return recorder::export_cast(reader, options, sink);
}

Result<> write_sealed(recorder::Source& source, const recorder::TextSink& sink) {
  base::Bytes piece(kPiece);
  for (std::uint64_t at = 0; at < source.size(); at += piece.size()) {
    SALLYPORT_TRY(const auto got, source.read_at(at, piece));
    SALLYPORT_TRYV(sink(base::as_text(base::ByteView(piece).first(got))));
  }
  return base::ok();
}

Result<> write_form(OpenedRecording& recording, const Export& what, const recorder::TextSink& sink) {
  if (what.form == "sealed") return write_sealed(*recording.source, sink);
  SALLYPORT_TRY(auto reader, reader_of(recording));
  if (what.form == "facts") return recorder::export_facts(reader, {what.choice.channel, what.damage}, sink);
  if (what.form == "raw")
    return recorder::export_raw(reader, {what.choice.channel, what.choice.all, what.damage}, sink);
  return write_cast(reader, what, sink);
}

/// What is not whole never takes the place of a file that stands there: that may be the good one.
Result<> check_place(const std::optional<std::string>& to, const Export& what) {
  std::error_code error;
  if (!to && what.form == "raw" && is_terminal(STDOUT_FILENO))
    return fail(Errc::invalid, "raw output could act on this terminal: use --to FILE or a pipe");
  if (!to || what.damage.empty() || !std::filesystem::exists(std::filesystem::symlink_status(*to, error)))
    return base::ok();
  return fail(Errc::corrupt, what.damage + "; " + *to + " was left as it is (--to another file gets what is good)");
}

Result<> write_to(const std::optional<std::string>& to, OpenedRecording& recording, const Export& what) {
  if (!to) {
    return write_form(recording, what,
                      [](std::string_view text) { return base::write_all(STDOUT_FILENO, base::as_bytes(text)); });
  }
  SALLYPORT_TRY(auto written, base::FileReplacement::begin(*to));
  SALLYPORT_TRYV(
      write_form(recording, what, [&](std::string_view text) { return written.write(base::as_bytes(text)); }));
  return written.commit();
}

/// Whoever has it opens the recording wherever it is: to a private file, and nowhere else.
Result<int> export_key(const OpenedRecording& recording, const std::string& to) {
  SALLYPORT_TRY(auto written, base::FileReplacement::begin(to, 0600));
  SALLYPORT_TRYV(written.write(encode_recording_key(recording.data_key, recording.expected).expose()));
  SALLYPORT_TRYV(written.commit());
  return 0;
}

/// Facts are of every channel unless one is asked for.
Result<ChannelChoice> choice_for(const Invocation& line, const std::string& form, const ExaminedRecording& examined) {
  const bool whole = form == "sealed" || (form == "facts" && !line.has("channel"));
  if (whole) return ChannelChoice{};
  SALLYPORT_TRY(auto choice, chosen_channel(line, examined));
  if (form == "facts") choice.note.clear();
  return choice;
}

}  // namespace

Result<int> run_recording_export(const Invocation& line) {
  const auto form = line.maybe("format").value_or("asciicast-v3");
  const auto to = line.maybe("to");
  if (form == "key" && !to) return fail(Errc::invalid, "a key is written to a file only: use --to FILE");
  SALLYPORT_TRY(auto recording, opened_recording(line));
  if (form == "key") return export_key(recording, *to);
  SALLYPORT_TRY(const auto examined, examine(recording));
  Export what{form, {}, "sallyport " + recording.id, damage_of(examined.report)};
  if (!recording.source) return no_file(recording, examined);
  SALLYPORT_TRY(what.choice, choice_for(line, form, examined));
  SALLYPORT_TRYV(check_place(to, what));
  SALLYPORT_TRYV(write_to(to, recording, what));
  const auto id = recording.id;
  if (!what.choice.note.empty()) fmt::print(stderr, "recording {}: {}\n", id, what.choice.note);
  if (what.damage.empty()) return 0;
  fmt::print(stderr, "recording {}: {}\n", id, what.damage);
  return 1;
}

}  // namespace sallyport::app
