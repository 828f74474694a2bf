#include "sallyport/recorder/screen_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sallyport/base/text.hpp"
#include "sallyport/recorder/recorder.hpp"

namespace sallyport::recorder {

ScreenText::ScreenText(ScreenOptions options) : options_(options), shown_(options.channel, options.all_channels) {}

std::optional<ScreenPiece> ScreenText::take(const Record& record) {
  const auto shown = shown_.take(record);
  if (const auto* closed = std::get_if<ClosedRecord>(&record.body)) return on_closed(*closed);
  if (const auto* gap = std::get_if<GapRecord>(&record.body)) {
    return ScreenPiece{fmt::format("[not recorded: {} bytes, {}: {}]", gap->bytes, to_string(gap->reason),
                                   base::escape_text(gap->text)),
                       std::nullopt};
  }
  if (!shown) return std::nullopt;
  auto piece = piece_of(*shown);
  if (piece.text.empty() && !piece.size) return std::nullopt;
  return piece;
}

ScreenPiece ScreenText::piece_of(const Shown& shown) {
  auto& stream = this->stream(shown.channel);
  ScreenPiece piece{{}, shown.size};
  stream.terminal = shown.terminal;
  if (shown.size) {
    stream.size = shown.size;
    fit(stream);
  }
  if (watching_ > 0 && (margins_due_ || shown.size || !shown.heading.empty())) piece.text = stream.filter.margins();
  margins_due_ = false;
  if (!shown.heading.empty()) piece.text += fmt::format("{}\x1b[0m--- {} ---\r\n", begun_ ? "\r\n" : "", shown.heading);
  begun_ = begun_ || !shown.bytes.empty();
  piece.text += text_of(stream, shown.bytes);
  return piece;
}

FittedRows fitted_rows(unsigned watching, std::optional<WindowSize> recorded) {
  const unsigned above = std::max(watching, 2U) - 1;
  if (!recorded) return {above, above};
  if (recorded->second <= above) return {recorded->second, recorded->second};
  // A shell scrolls in a row less; a full-screen program writes into each.
  return {above, 0};
}

void ScreenText::fit(Stream& stream) const {
  stream.filter.fit(watching_ == 0 ? FittedRows{} : fitted_rows(watching_, stream.size));
}

void ScreenText::watch_on(unsigned rows) {
  watching_ = rows;
  margins_due_ = true;
  for (auto& stream : streams_) fit(stream);
}

std::optional<ScreenPiece> ScreenText::on_closed(const ClosedRecord& closed) {
  const auto found =
      std::find_if(streams_.begin(), streams_.end(), [&](const auto& one) { return one.number == closed.channel; });
  if (found == streams_.end()) return std::nullopt;
  auto text = end_of(*found);
  if (text.empty()) return std::nullopt;
  return ScreenPiece{std::move(text), std::nullopt};
}

ScreenText::Stream& ScreenText::stream(ChannelNumber number) {
  const auto found =
      std::find_if(streams_.begin(), streams_.end(), [&](const auto& one) { return one.number == number; });
  if (found != streams_.end()) {
    std::rotate(found, std::next(found), streams_.end());
    return streams_.back();
  }
  if (streams_.size() == kMaxOpenChannels) {
    add_up(gone_, streams_.front().filter.unshown());
    streams_.erase(streams_.begin());
  }
  auto& made = streams_.emplace_back();
  made.number = number;
  fit(made);
  return made;
}

std::string ScreenText::text_of(Stream& stream, base::ByteView bytes) {
  std::string text;
  if (options_.filter) {
    stream.filter.feed(bytes, text);
  } else {
    stream.joiner.feed(bytes, text);
  }
  return with_line_ends(stream, std::move(text));
}

std::string ScreenText::end_of(Stream& stream) {
  std::string text;
  if (options_.filter) {
    stream.filter.finish(text);
  } else {
    stream.joiner.finish(text);
  }
  return with_line_ends(stream, std::move(text));
}

std::string ScreenText::with_line_ends(Stream& stream, std::string text) const {
  if (stream.terminal || !options_.line_ends) return text;
  std::string out;
  for (const char c : text) {
    if (c == '\n' && stream.last != '\r') out.push_back('\r');
    out.push_back(c);
    stream.last = c;
  }
  return out;
}

std::string ScreenText::finish() {
  std::string out;
  for (auto& stream : streams_) out += end_of(stream);
  return out;
}

void ScreenText::jumped() {
  margins_due_ = true;
  shown_.jumped();
  for (auto& stream : streams_) {
    stream.filter.reset();
    stream.joiner = Utf8Joiner();
    stream.last = 0;
  }
}

bool ScreenText::alternate_screen() const noexcept {
  return !streams_.empty() && streams_.back().filter.alternate_screen();
}

bool ScreenText::cursor_saved() const noexcept { return !streams_.empty() && streams_.back().filter.cursor_saved(); }

std::vector<Unshown> ScreenText::unshown() const {
  auto sum = gone_;
  for (const auto& stream : streams_) add_up(sum, stream.filter.unshown());
  return sum;
}

}  // namespace sallyport::recorder
