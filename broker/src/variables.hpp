#pragma once
// The environment of one channel: what may be set for a command, what was, and what was refused; the
// terminal's type, which is a variable there as well. Sans I/O.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::broker {

class Variables {
 public:
  static constexpr std::string_view kTerminal = "xterm";
  static constexpr std::size_t kMaxTogether = 384;  ///< of text() without TERM: a log's line has room for the command
  static constexpr std::size_t kMaxName = 64;
  static constexpr std::size_t kMaxValue = 64;
  static constexpr std::size_t kMaxRefused = 8;       ///< named; the rest is a number
  static constexpr std::size_t kMaxShownValue = 128;  ///< of one that was refused

  /// May it be set? The name has to be allowed ("LC_*" is the one pattern), and the value has to look like the name of
  /// a locale: empty, or a letter and then letters, digits and _.@:- (POSIX, de_DE.UTF-8@euro). Any other text could be
  /// a command for whoever reads the variable on the target. A refusal is kept for take_refused().
  bool admit(std::string_view name, std::string_view value, const std::vector<std::string>& allowed);
  /// It goes to the target.
  void set(std::string_view name, std::string_view value);
  /// Sets TERM to the terminal's type, and returns it as it goes to the target: letters, digits and -+._, at most 64.
  /// Any other text could be a command, too: it is kept for take_refused(), and kTerminal takes its place. May be
  /// called again; the last one is in force.
  std::string set_terminal(std::string_view type);
  /// The terminal's type, then the variables in order, as a shell writes them before a command:
  /// "TERM=xterm LANG=C LC_TIME=de_DE.UTF-8". At most 454 bytes.
  std::string text() const;
  /// One text for all that was refused since the last call, in the peer's bytes; empty if nothing was. Values of names
  /// that are not allowed are the person's own business and only measured.
  std::string take_refused();

 private:
  void refuse(std::string shown);

  std::optional<std::string> terminal_;
  std::string text_;
  std::vector<std::string> refused_;
  std::size_t more_ = 0;
};

}  // namespace sallyport::broker
