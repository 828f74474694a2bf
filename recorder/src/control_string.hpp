#pragma once
// One control string of a terminal (OSC, DCS, SOS, PM, APC, and the title of screen and tmux) as it comes in: what it
// is called, how long it is, what of it could be read. ECMA-48 section 5.6.
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::recorder {

class ControlString {
 public:
  /// Beyond this it is no string: no terminal's own are longer but pictures, and an end may never come.
  static constexpr std::size_t kMaxSize = 8192;

  /// Whether ESC and this letter begin one.
  static bool begins(char32_t letter);
  void begin(char32_t letter);

  enum class Step : std::uint8_t {
    more,
    ended,   ///< properly: ST is the caller's to see, this says BEL and what ends by itself
    broken,  ///< a line end where none may be, or too long: it is no string, and `c` is not part of it
  };
  Step take(char32_t c);

  std::string name() const;  ///< "OSC 52"
  std::size_t size() const noexcept { return size_; }
  /// What could be read of it: characters, tabs and line ends.
  const std::string& text() const noexcept { return text_; }
  /// Short, of a kind that prompts and editors send all the time: titles, colours, prompt marks, questions.
  bool is_housekeeping() const;

 private:
  std::string_view number() const;

  char letter_ = 0;
  std::size_t size_ = 0;
  std::string text_;
};

}  // namespace sallyport::recorder
