#include "sallyport/recorder/terminal_filter.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::recorder {
namespace {

constexpr std::size_t kMaxSequence = 64;
constexpr unsigned kMaxNumber = 9999;
constexpr char32_t kEsc = 0x1B;
constexpr char32_t kDel = 0x7F;

bool in(std::string_view set, char32_t c) {
  return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
}

/// ESC + these pass: save and restore the cursor, index, next line, set tab, reverse index.
constexpr std::string_view kEscapeFinals = "78DEHM";
/// ESC + these begin a string: OSC, DCS, SOS, PM, APC, and the title of screen and tmux.
constexpr std::string_view kStringStarts = "]PX^_k";
/// CSI finals that pass without prefix and intermediates: moving, erasing, inserting, deleting, scrolling, tabs, SGR.
constexpr std::string_view kCsiFinals = "@ABCDEFGHIKLMPSXZ`abdefgmr";
/// DEC private modes that change only what is seen: reverse video, origin, wrap, cursor blink, cursor, alternate
/// screen.
constexpr std::string_view kPrivateModes = ";5;6;7;12;25;47;1047;1048;1049;";

/// A CSI sequence taken apart.
struct Csi {
  std::string_view prefix;
  std::string_view parameters;
  std::string_view intermediates;
};

std::optional<Csi> take_apart(std::string_view text) {
  Csi out;
  const auto span = [&text](std::string_view set) {
    const auto end = std::min(text.find_first_not_of(set), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(end);
    return part;
  };
  out.prefix = span("<=>?");
  out.parameters = span("0123456789;:");
  out.intermediates = span(" !\"#$%&'()*+,-./");
  if (!text.empty() || out.prefix.size() > 1) return std::nullopt;
  return out;
}

std::vector<std::string_view> split(std::string_view parameters) {
  std::vector<std::string_view> out;
  while (true) {
    const auto end = parameters.find_first_of(";:");
    out.push_back(parameters.substr(0, end));
    if (end == std::string_view::npos) return out;
    parameters.remove_prefix(end + 1);
  }
}

/// No number large enough to keep a terminal busy (REP, insert lines).
bool numbers_are_small(std::string_view parameters) {
  const auto parts = split(parameters);
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return part.empty() || (error == std::errc() && value <= kMaxNumber);
  });
}

bool plain_csi_passes(std::string_view parameters, char final) {
  if (!numbers_are_small(parameters)) return false;
  switch (final) {
    case 'J':
      return parameters.empty() || parameters == "0" || parameters == "1" || parameters == "2";  // 3: scrollback
    case 'T':
      return parameters.find(';') == std::string_view::npos;  // with more than one: mouse tracking
    case 's':
    case 'u':
      return parameters.empty();
    case 'h':
    case 'l':
      return parameters == "4";  // insert mode
    default:
      return in(kCsiFinals, static_cast<unsigned char>(final));
  }
}

void put_csi(std::string_view middle, char final, std::string& out) {
  out += "\x1b[";
  out += middle;
  out.push_back(final);
}

/// Each private mode for itself: a list may mix harmless and other ones.
void put_private_modes(std::string_view parameters, char final, std::string& out) {
  for (const auto mode : split(parameters)) {
    const std::string key = ";" + std::string(mode) + ";";
    if (!mode.empty() && kPrivateModes.find(key) != std::string_view::npos)
      put_csi("?" + std::string(mode), final, out);
  }
}

}  // namespace

void TerminalFilter::feed(base::ByteView bytes, std::string& out) {
  decoder_.feed(bytes, [this, &out](char32_t c) { on_code_point(c, out); });
}

void TerminalFilter::reset() {
  decoder_.reset();
  enter(State::ground);
}

void TerminalFilter::enter(State state) {
  state_ = state;
  sequence_.clear();
}

void TerminalFilter::on_code_point(char32_t c, std::string& out) {
  if (c == kEsc) return enter(State::escape);
  if (c == 0x18 || c == 0x1A) return enter(State::ground);  // CAN, SUB
  if (c >= 0x80 && c <= 0x9F) {
    // C1 controls, as some terminals obey them in UTF-8 too: the same as ESC and the letter 0x40 below.
    if (state_ == State::string && c != 0x9C) return;
    enter(State::escape);
    return on_escape(c - 0x40, out);
  }
  switch (state_) {
    case State::ground:
      return on_ground(c, out);
    case State::escape:
      return on_escape(c, out);
    case State::escape_intermediate:
      return on_escape_intermediate(c, out);
    case State::csi:
    case State::csi_ignore:
      return on_csi(c, out);
    case State::string:
      return on_string(c);
  }
}

void TerminalFilter::on_ground(char32_t c, std::string& out) {
  if (c < 0x20 || c == kDel) return on_control(c, out);
  append_utf8(c, out);
}

/// BEL, BS, HT, LF, VT, FF, CR, SO, SI pass; ENQ (the terminal answers), NUL, DEL and the rest do not.
void TerminalFilter::on_control(char32_t c, std::string& out) {
  if (c >= 0x07 && c <= 0x0F) out.push_back(static_cast<char>(c));
}

void TerminalFilter::on_escape(char32_t c, std::string& out) {
  if (c < 0x20) return on_control(c, out);
  if (c < 0x30) {
    enter(State::escape_intermediate);
    sequence_.push_back(static_cast<char>(c));
    return;
  }
  if (c == '[') return enter(State::csi);
  if (in(kStringStarts, c)) return enter(State::string);
  enter(State::ground);
  if (in(kEscapeFinals, c)) {
    out += {'\x1b', static_cast<char>(c)};
  } else if (c == 'c') {
    out += "\x1b[!p\x1b[H\x1b[2J";  // a full reset would also touch what is not ours: the visible part of it
  }
}

void TerminalFilter::on_escape_intermediate(char32_t c, std::string& out) {
  if (c < 0x20) return on_control(c, out);
  if (c < 0x30) {
    if (sequence_.size() < kMaxSequence) sequence_.push_back(static_cast<char>(c));
    return;
  }
  const bool charset = sequence_.size() == 1 && in("()*+", static_cast<unsigned char>(sequence_[0])) && in("0AB", c);
  const bool alignment = sequence_ == "#" && c == '8';
  if (charset || alignment) out += "\x1b" + sequence_ + static_cast<char>(c);
  enter(State::ground);
}

void TerminalFilter::on_csi(char32_t c, std::string& out) {
  if (c < 0x20) return on_control(c, out);
  if (c >= 0x40) {
    if (c < kDel && state_ == State::csi) end_csi(static_cast<char>(c), out);
    if (c != kDel) enter(State::ground);
    return;
  }
  if (sequence_.size() < kMaxSequence) {
    sequence_.push_back(static_cast<char>(c));
  } else {
    state_ = State::csi_ignore;
  }
}

void TerminalFilter::end_csi(char final, std::string& out) {
  const auto csi = take_apart(sequence_);
  if (!csi) return;
  const bool plain = csi->prefix.empty() && csi->intermediates.empty();
  if (plain && plain_csi_passes(csi->parameters, final)) return put_csi(sequence_, final, out);
  if (csi->prefix == "?" && csi->intermediates.empty() && (final == 'h' || final == 'l')) {
    return put_private_modes(csi->parameters, final, out);
  }
  const bool soft_reset = sequence_ == "!" && final == 'p';
  const bool cursor_shape =
      csi->prefix.empty() && csi->parameters.size() <= 1 && csi->intermediates == " " && final == 'q';
  if (soft_reset || cursor_shape) put_csi(sequence_, final, out);
}

/// BEL ends an OSC; ST (ESC \ or U+009C), CAN and SUB end any string, and are seen before this.
void TerminalFilter::on_string(char32_t c) {
  if (c == 0x07) enter(State::ground);
}

}  // namespace sallyport::recorder
