#pragma once
// What a watcher's terminal is to be sent for each record of a recording: filtered, in whole sequences, for one channel
// or for all. For playback and casts.
#include <optional>
#include <string>
#include <vector>

#include "sallyport/recorder/shown_channel.hpp"
#include "sallyport/recorder/terminal_filter.hpp"

namespace sallyport::recorder {

struct ScreenOptions {
  std::optional<ChannelNumber> channel;  ///< absent: the first channel that printed something
  bool all_channels = false;             ///< each in its turn, with a line that names it
  bool filter = true;                    ///< TerminalFilter; off keeps every sequence (still valid UTF-8)
  bool line_ends = true;                 ///< CR LF for the LF of a channel without a terminal: for terminals and casts
};

struct ScreenPiece {
  std::string text;
  std::optional<WindowSize> size;  ///< a new one, before the text
};

/// Where a watcher's terminal of `watching` rows has a place for the recording: its last row is for other things,
/// unless a full-screen program needs it.
FittedRows fitted_rows(unsigned watching, std::optional<WindowSize> recorded);

/// Movable; not thread-safe. Bounded memory.
class ScreenText {
 public:
  explicit ScreenText(ScreenOptions options);
  /// Nothing when the record shows nothing.
  std::optional<ScreenPiece> take(const Record& record);
  /// What was held back, at the end of the recording.
  std::string finish();
  /// The records that follow are those of another place.
  void jumped();
  /// The watcher's terminal has so many rows: what comes from now on is fitted into it, and the next piece begins with
  /// the margins.
  void watch_on(unsigned rows);

  bool shows(ChannelNumber channel) const noexcept { return shown_.is(channel); }
  /// Of the channel that was shown last.
  bool alternate_screen() const noexcept;
  bool cursor_saved() const noexcept;
  /// Of all that were shown.
  std::vector<Unshown> unshown() const;

 private:
  struct Stream {
    ChannelNumber number = 0;
    TerminalFilter filter;
    Utf8Joiner joiner;
    bool terminal = false;
    std::optional<WindowSize> size;
    char last = 0;  ///< character of its text
  };
  Stream& stream(ChannelNumber number);
  ScreenPiece piece_of(const Shown& shown);
  void fit(Stream& stream) const;
  std::string text_of(Stream& stream, base::ByteView bytes);
  std::string end_of(Stream& stream);
  std::string with_line_ends(Stream& stream, std::string text) const;
  std::optional<ScreenPiece> on_closed(const ClosedRecord& closed);

  ScreenOptions options_;
  ShownChannel shown_;
  unsigned watching_ = 0;        ///< rows; 0: nobody's
  bool margins_due_ = false;     ///< they are not as the recording takes them to be
  std::vector<Stream> streams_;  ///< the one shown last is the last; bounded
  std::vector<Unshown> gone_;    ///< of streams that are no more
  bool begun_ = false;
};

}  // namespace sallyport::recorder
