#pragma once
// Makes recorded output safe for the terminal of the person who watches it. Keeps text, colours, cursor movement,
// erasing, scrolling and the alternate screen; everything else is dropped, above all what makes a terminal answer (DA,
// DSR, DECRQM, ENQ), act (clipboard, title, window, printer, keyboard and mouse modes) or keep state. A list of what
// may pass, so what is not known does not pass. Sequences as in ECMA-48 and xterm's ctlseqs.
#include <array>
#include <cstdint>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/recorder/utf8.hpp"

namespace sallyport::recorder {

/// A value: give it output piece by piece, cut anywhere. What it returns is valid UTF-8 of whole sequences; input that
/// is not UTF-8 becomes U+FFFD. Holds at most some dozens of bytes between calls.
class TerminalFilter {
 public:
  void feed(base::ByteView bytes, std::string& out);
  /// Forgets a half sequence: after a seek.
  void reset();

 private:
  enum class State : std::uint8_t { ground, escape, escape_intermediate, csi, csi_ignore, string };
  void on_code_point(char32_t c, std::string& out);
  void on_ground(char32_t c, std::string& out);
  void on_escape(char32_t c, std::string& out);
  void on_escape_intermediate(char32_t c, std::string& out);
  void on_csi(char32_t c, std::string& out);
  void on_string(char32_t c);
  void on_control(char32_t c, std::string& out);
  void enter(State state);
  void end_csi(char final, std::string& out);

  Utf8Decoder decoder_;
  State state_ = State::ground;
  std::string sequence_;  ///< parameters and intermediates so far; bounded
};

}  // namespace sallyport::recorder
