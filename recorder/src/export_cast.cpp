// asciicast v2 and v3. Times in v2 count from the start, in v3 from the event before.
#include <fmt/format.h>

#include <algorithm>

#include "json_text.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/recorder/export.hpp"
#include "sallyport/recorder/screen_text.hpp"

namespace sallyport::recorder {

using base::Result;

namespace {

constexpr std::size_t kFlushAt = 64U << 10U;

class CastWriter {
 public:
  CastWriter(const Header& header, const CastOptions& options, const TextSink& sink)
      : header_(header),
        options_(options),
        sink_(sink),
        screen_({options.channel, options.all_channels, options.filter, true}) {}

  Result<> take(const Record& record);
  Result<> finish();

 private:
  void take_shown(const Record& record, const ScreenPiece& shown);
  void take_fact(const Record& record);
  void put_header(const std::optional<WindowSize>& size);
  void put_event(std::uint64_t time_ms, char code, std::string_view data);
  void put_damage();
  Result<> flush();

  const Header& header_;
  const CastOptions& options_;
  const TextSink& sink_;
  ScreenText screen_;
  std::string out_;
  bool started_ = false;
  std::uint64_t last_ms_ = 0;
};

Result<> CastWriter::take(const Record& record) {
  if (const auto shown = screen_.take(record)) take_shown(record, *shown);
  take_fact(record);
  return out_.size() >= kFlushAt ? flush() : base::ok();
}

void CastWriter::take_shown(const Record& record, const ScreenPiece& shown) {
  const bool first = !started_;
  if (first) put_header(shown.size);
  if (shown.size && !first) put_event(record.time_ms, 'r', fmt::format("{}x{}", shown.size->first, shown.size->second));
  if (!shown.text.empty()) put_event(record.time_ms, 'o', shown.text);
}

void CastWriter::take_fact(const Record& record) {
  if (const auto* gap = std::get_if<GapRecord>(&record.body)) {
    if (!started_) put_header(std::nullopt);
    put_event(record.time_ms, 'm', fmt::format("gap: {} bytes, {}: {}", gap->bytes, to_string(gap->reason), gap->text));
  }
  const auto* closed = std::get_if<ClosedRecord>(&record.body);
  const bool tells_exit = closed != nullptr && closed->exit_status && started_ && screen_.shows(closed->channel);
  if (tells_exit && !options_.all_channels && options_.version == CastVersion::v3)
    put_event(record.time_ms, 'x', std::to_string(*closed->exit_status));
}

void CastWriter::put_header(const std::optional<WindowSize>& size) {
  started_ = true;
  const auto [columns, rows] = size.value_or(kUsualSize);
  const auto timestamp = static_cast<std::uint64_t>(base::to_unix_ms(header_.started) / 1000);
  JsonObject object;
  object.number("version", static_cast<std::uint64_t>(options_.version));
  if (options_.version == CastVersion::v2) {
    object.number("width", columns).number("height", rows);
  } else {
    object.raw("term", fmt::format(R"({{"cols":{},"rows":{}}})", columns, rows));
  }
  object.number("timestamp", timestamp);
  if (!options_.title.empty()) object.text("title", options_.title);
  out_ += std::move(object).take();
  out_ += '\n';
}

void CastWriter::put_event(std::uint64_t time_ms, char code, std::string_view data) {
  const auto shown_ms = options_.version == CastVersion::v2 ? time_ms : time_ms - std::min(time_ms, last_ms_);
  last_ms_ = time_ms;
  fmt::format_to(std::back_inserter(out_), "[{}.{:03}, \"{}\", ", shown_ms / 1000, shown_ms % 1000, code);
  append_json_string(data, out_);
  out_ += "]\n";
}

/// On the screen as well: who plays the cast sees no markers.
void CastWriter::put_damage() {
  put_event(last_ms_, 'm', options_.damage);
  put_event(last_ms_, 'o', fmt::format("\r\n\x1b[0m[{}]\r\n", base::escape_text(options_.damage, 1024)));
}

Result<> CastWriter::flush() {
  SALLYPORT_TRYV(sink_(out_));
  out_.clear();
  return base::ok();
}

Result<> CastWriter::finish() {
  if (!started_) put_header(std::nullopt);
  if (const auto text = screen_.finish(); !text.empty()) put_event(last_ms_, 'o', text);
  if (const auto quiet = describe(screen_.unshown()); !quiet.empty()) put_event(last_ms_, 'm', "not shown: " + quiet);
  if (!options_.damage.empty()) put_damage();
  return flush();
}

}  // namespace

Result<> export_cast(Reader& reader, const CastOptions& options, const TextSink& sink) {
  CastWriter writer(reader.header(), options, sink);
  for (;;) {
    auto record = reader.next();
    const bool damaged = !record && !options.damage.empty() && record.error().code() == base::Errc::corrupt;
    if (!record && !damaged) return record.error();
    if (damaged || !record.value()) return writer.finish();
    SALLYPORT_TRYV(writer.take(*record.value()));
  }
}

}  // namespace sallyport::recorder
