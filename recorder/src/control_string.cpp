#include "control_string.hpp"

#include <algorithm>

#include "sallyport/recorder/utf8.hpp"

namespace sallyport::recorder {
namespace {

constexpr std::string_view kLetters = "]PX^_k";
constexpr std::size_t kShort = 256;
constexpr std::size_t kPalette = 8;  ///< the Linux console's OSC P and seven digits, which has no end
/// OSC: titles, colours and their questions, directory, links, pointer, prompt marks.
constexpr std::string_view kQuietNumbers =
    ";0;1;2;4;5;6;7;8;10;11;12;13;14;15;16;17;18;19;21;22;104;105;106;110;111;112;113;114;115;116;117;118;119;133;633;"
    "697;3008;";

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::size_t utf8_size(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

bool is_readable(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\r' || c == '\n';
  return c < 0x7F || c > 0x9F;
}

}  // namespace

bool ControlString::begins(char32_t letter) {
  return letter < 0x80 && kLetters.find(static_cast<char>(letter)) != std::string_view::npos;
}

void ControlString::begin(char32_t letter) {
  letter_ = static_cast<char>(letter);
  size_ = 0;
  text_.clear();
}

ControlString::Step ControlString::take(char32_t c) {
  if (c == 0x07 && letter_ == ']') return Step::ended;
  const bool line_end = c == '\r' || c == '\n';
  if ((line_end && letter_ != 'P') || size_ + utf8_size(c) > kMaxSize) return Step::broken;
  size_ += utf8_size(c);
  if (is_readable(c)) append_utf8(c, text_);
  if (letter_ != ']') return Step::more;
  const bool palette = size_ == kPalette && text_.size() == kPalette && text_[0] == 'P' && is_hex(text_.substr(1));
  return text_ == "R" || palette ? Step::ended : Step::more;
}

std::string_view ControlString::number() const {
  return std::string_view(text_).substr(0, std::min<std::size_t>(text_.find_first_not_of("0123456789"), 5));
}

std::string ControlString::name() const {
  switch (letter_) {
    case ']':
      return number().empty() ? "OSC" : "OSC " + std::string(number());
    case 'P':
      return "DCS";
    case 'X':
      return "SOS";
    case '^':
      return "PM";
    case '_':
      return "APC";
    default:
      return "title";
  }
}

bool ControlString::is_housekeeping() const {
  if (size_ > kShort) return false;
  if (letter_ == 'k') return true;
  // Questions for settings and capabilities, the brackets around one frame, and what vim tries strings with.
  if (letter_ == 'P')
    return text_.starts_with("$q") || text_.starts_with("+q") || text_ == "=1s" || text_ == "=2s" || text_ == "zz";
  if (letter_ != ']') return false;
  if (text_.starts_with('P') || text_ == "R" || text_.starts_with("9;4")) return true;
  return !number().empty() && kQuietNumbers.find(";" + std::string(number()) + ";") != std::string_view::npos;
}

}  // namespace sallyport::recorder
