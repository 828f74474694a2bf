#pragma once
// Makes recorded output safe for the terminal of the person who watches it. Keeps text, colours, cursor movement,
// erasing, scrolling, margins and the alternate screen; everything else is dropped, above all what makes a terminal
// answer (DA, DSR, DECRQM, ENQ), act (clipboard, title, window, printer, keyboard and mouse modes) or keep state. A
// list of what may pass, so what is not known does not pass. Sequences as in ECMA-48 and xterm's ctlseqs.
//
// What is dropped is told. A control string leaves its kind and size in its place, as "[not shown: OSC 52, 24 bytes]".
// One that does not end (at 8 KiB, at a line end, at another escape) was perhaps none for the terminal that it was
// meant for: its text is shown, behind a mark. What prompts and editors send all the time (titles, colours, questions)
// and single sequences would shift every screen: they are only counted.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/recorder/utf8.hpp"

namespace sallyport::recorder {

class ControlString;
struct Csi;

/// Dropped without a mark on the screen.
struct Unshown {
  std::string kind;  ///< "OSC 0", "CSI", "ESC"
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};
/// "OSC 0 12 times (240 bytes), CSI 3 times (21 bytes)"; empty for nothing.
std::string describe(const std::vector<Unshown>& unshown);
/// Adds up by kind.
void add_up(std::vector<Unshown>& sum, const std::vector<Unshown>& more);

/// The rows that the watcher's terminal has for the recording, on the main and on the alternate screen; 0: all.
struct FittedRows {
  unsigned main = 0;
  unsigned alternate = 0;
};

/// A value: give it output piece by piece, cut anywhere. What it returns is valid UTF-8 of whole sequences; input that
/// is not UTF-8 becomes U+FFFD. Holds at most some 8 KiB between calls.
class TerminalFilter {
 public:
  TerminalFilter();
  TerminalFilter(TerminalFilter&&) noexcept;
  TerminalFilter& operator=(TerminalFilter&&) noexcept;
  ~TerminalFilter();

  void feed(base::ByteView bytes, std::string& out);
  /// The output has ended: shows what was held back.
  void finish(std::string& out);
  /// Forgets a half sequence and the state of the screen: after a seek.
  void reset();
  /// From now on: scrolling margins and moves stay within so many rows.
  void fit(FittedRows rows) noexcept { rows_ = rows; }
  /// Sets the margins that this means, and leaves the cursor where it is.
  std::string margins() const;

  bool alternate_screen() const noexcept { return alternate_; }
  /// The output saved the cursor and has not come back to it: whoever else saves it now takes it away.
  bool cursor_saved() const noexcept { return saved_; }
  const std::vector<Unshown>& unshown() const noexcept { return unshown_; }

 private:
  enum class State : std::uint8_t { ground, escape, escape_intermediate, csi, string, string_escape };
  void on_code_point(char32_t c, std::string& out);
  void on_ground(char32_t c, std::string& out);
  void on_escape(char32_t c, std::string& out);
  void on_escape_intermediate(char32_t c, std::string& out);
  void on_csi(char32_t c, std::string& out);
  void on_string(char32_t c, std::string& out);
  void on_control(char32_t c, std::string& out);
  void enter(State state);
  void end_escape(char final, std::string& out);
  void end_csi(char final, std::string& out);
  void end_string(std::string& out);
  void break_csi(std::string& out);
  void break_string(std::string& out);
  void break_off(std::string& out);
  void put_csi(const Csi& csi, std::string& out);
  void put_private_modes(const Csi& csi, std::string& out);
  bool is_fitted() const noexcept { return rows_.main != 0 || rows_.alternate != 0; }
  void put_reset(std::string& out);
  void drop(std::string kind, std::size_t bytes);
  unsigned rows() const noexcept { return alternate_ ? rows_.alternate : rows_.main; }

  Utf8Decoder decoder_;
  State state_ = State::ground;
  std::string sequence_;  ///< parameters and intermediates so far; bounded
  std::unique_ptr<ControlString> string_;
  FittedRows rows_;
  bool alternate_ = false;
  bool saved_ = false;
  bool side_margins_ = false;     ///< CSI s sets them rather than to save the cursor
  std::vector<Unshown> unshown_;  ///< bounded: kinds are few
};

}  // namespace sallyport::recorder
