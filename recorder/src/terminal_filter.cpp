#include "sallyport/recorder/terminal_filter.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "control_string.hpp"
#include "csi_rules.hpp"

namespace sallyport::recorder {
namespace {

constexpr std::size_t kMaxSequence = 128;
constexpr char32_t kEsc = 0x1B;
constexpr char32_t kDel = 0x7F;
constexpr char32_t kStringEnd = 0x9C;

bool in(std::string_view set, char32_t c) {
  return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
}

/// ESC + these pass: save and restore the cursor, index, next line, set tab, reverse index, column left and right,
/// single and locking shifts of G2 and G3.
constexpr std::string_view kEscapeFinals = "78DEHM69NOno";
/// Character sets of ESC ( ) * +: line drawing, ASCII, British, and the two of a VT100's other ROM.
constexpr std::string_view kCharsets = "0AB12";
constexpr std::string_view kLineSizes = "34568";  ///< ESC #: double height and width, alignment

unsigned number_of(std::string_view text) {
  unsigned value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string describe(const std::vector<Unshown>& unshown) {
  std::string out;
  for (const auto& [kind, count, bytes] : unshown)
    out += fmt::format("{}{} {} times ({} bytes)", out.empty() ? "" : ", ", kind, count, bytes);
  return out;
}

void add_up(std::vector<Unshown>& sum, const std::vector<Unshown>& more) {
  for (const auto& one : more) {
    const auto same = std::find_if(sum.begin(), sum.end(), [&](const auto& known) { return known.kind == one.kind; });
    if (same == sum.end()) {
      sum.push_back(one);
      continue;
    }
    same->count += one.count;
    same->bytes += one.bytes;
  }
}

TerminalFilter::TerminalFilter() : string_(std::make_unique<ControlString>()) {}
TerminalFilter::TerminalFilter(TerminalFilter&&) noexcept = default;
TerminalFilter& TerminalFilter::operator=(TerminalFilter&&) noexcept = default;
TerminalFilter::~TerminalFilter() = default;

void TerminalFilter::feed(base::ByteView bytes, std::string& out) {
  decoder_.feed(bytes, [this, &out](char32_t c) { on_code_point(c, out); });
}

void TerminalFilter::finish(std::string& out) {
  decoder_.finish([this, &out](char32_t c) { on_code_point(c, out); });
  break_off(out);
}

void TerminalFilter::reset() {
  decoder_.reset();
  enter(State::ground);
  alternate_ = false;
  saved_ = false;
  side_margins_ = false;
}

void TerminalFilter::enter(State state) {
  state_ = state;
  sequence_.clear();
}

void TerminalFilter::on_code_point(char32_t c, std::string& out) {
  const bool in_string = state_ == State::string;
  if (c == kEsc && in_string) return enter(State::string_escape);
  if (state_ == State::string_escape) {
    if (c == '\\') return end_string(out);
    break_string(out);
    enter(State::escape);
  }
  if (c == kEsc || c == 0x18 || c == 0x1A) {  // CAN, SUB
    break_off(out);
    return enter(c == kEsc ? State::escape : State::ground);
  }
  if (c >= 0x80 && c <= 0x9F && !in_string) {
    // C1 controls, as some terminals obey them in UTF-8 too: the same as ESC and the letter 0x40 below.
    break_off(out);
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
      return on_csi(c, out);
    case State::string:
    case State::string_escape:
      return on_string(c, out);
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
  if (ControlString::begins(c)) {
    string_->begin(c);
    return enter(State::string);
  }
  enter(State::ground);
  if (c >= kDel) return on_ground(c, out);
  end_escape(static_cast<char>(c), out);
}

void TerminalFilter::end_escape(char final, std::string& out) {
  if (final == '7' || final == '8') saved_ = final == '7';
  if (final == 'c') return put_reset(out);
  if (final == '\\') return;  // the end of a string that has ended
  if (!in(kEscapeFinals, static_cast<unsigned char>(final))) return drop("ESC", 2);
  out += {'\x1b', final};
}

void TerminalFilter::on_escape_intermediate(char32_t c, std::string& out) {
  if (c < 0x20) return on_control(c, out);
  if (c >= kDel || sequence_.size() > 4) {
    // Whatever it was, it is none that a terminal knows.
    drop("ESC", 1 + sequence_.size());
    enter(State::ground);
    return on_ground(c, out);
  }
  if (c < 0x30) return sequence_.push_back(static_cast<char>(c));
  const bool single = sequence_.size() == 1;
  const bool charset = single && in("()*+", static_cast<unsigned char>(sequence_[0])) && in(kCharsets, c);
  const bool line = single && sequence_[0] == '#' && in(kLineSizes, c);
  if (charset || line) {
    out += "\x1b" + sequence_ + static_cast<char>(c);
  } else {
    drop("ESC", 2 + sequence_.size());
  }
  enter(State::ground);
}

void TerminalFilter::on_csi(char32_t c, std::string& out) {
  if (c < 0x20) return on_control(c, out);
  if (c == kDel) return;
  if (c < 0x40 && sequence_.size() < kMaxSequence) return sequence_.push_back(static_cast<char>(c));
  if (c < 0x40 || c > kDel) {
    break_csi(out);
    return on_ground(c, out);
  }
  end_csi(static_cast<char>(c), out);
  enter(State::ground);
}

void TerminalFilter::end_csi(char final, std::string& out) {
  const auto csi = take_apart(sequence_, final);
  if (csi && is_private_modes(*csi)) return put_private_modes(*csi, out);
  if (!csi || !csi_passes(*csi)) return drop("CSI", sequence_.size() + 3);
  put_csi(*csi, out);
}

void TerminalFilter::put_csi(const Csi& csi, std::string& out) {
  const bool plain = csi.prefix.empty() && csi.intermediates.empty();
  if (plain && (csi.final == 'u' || (csi.final == 's' && !side_margins_))) saved_ = csi.final == 's';
  if (csi.intermediates == "!") {
    out += "\x1b[!p";
    saved_ = false;
    if (is_fitted()) out += margins();
    return;
  }
  const auto limit = rows();
  if (limit == 0 || !plain || !in("rHfd", static_cast<unsigned char>(csi.final))) {
    out += "\x1b[" + sequence_ + csi.final;
    return;
  }
  const auto parts = split_parameters(csi.parameters);
  const auto second = parts.size() > 1 ? parts[1] : std::string_view{};
  const auto row = std::min(number_of(parts[0]), limit);
  if (csi.final == 'd') {
    out += fmt::format("\x1b[{}d", std::max(row, 1U));
  } else if (csi.final == 'r') {
    const auto bottom = number_of(second);
    out += fmt::format("\x1b[{};{}r", std::max(row, 1U), bottom == 0 ? limit : std::min(bottom, limit));
  } else {
    out += fmt::format("\x1b[{};{}{}", std::max(row, 1U), second, csi.final);
  }
}

/// Each private mode for itself: a list may mix harmless and other ones.
void TerminalFilter::put_private_modes(const Csi& csi, std::string& out) {
  for (const auto mode : split_parameters(csi.parameters)) {
    if (!private_mode_passes(mode)) {
      drop("CSI", mode.size() + 4);
      continue;
    }
    out += fmt::format("\x1b[?{}{}", mode, csi.final);
    const bool on = csi.final == 'h';
    if (mode == "1048") saved_ = on;
    if (mode == "69") side_margins_ = on;
    if (mode != "47" && mode != "1047" && mode != "1049") continue;
    const bool changes = alternate_ != on;
    alternate_ = on;
    if (changes && is_fitted()) out += margins();
  }
}

std::string TerminalFilter::margins() const {
  // The cursor stays: setting margins sends it home.
  return rows() == 0 ? "\x1b"
                       "7\x1b[r\x1b"
                       "8"
                     : fmt::format(
                           "\x1b"
                           "7\x1b[1;{}r\x1b"
                           "8",
                           rows());
}

/// A full reset would also touch what is not ours: the visible part of it.
void TerminalFilter::put_reset(std::string& out) {
  if (alternate_) out += "\x1b[?1049l";
  alternate_ = false;
  saved_ = false;
  side_margins_ = false;
  out += "\x1b[?69l\x1b[!p\x1b(B\x0f";
  if (is_fitted()) out += margins();
  out += "\x1b[H\x1b[2J";
}

void TerminalFilter::on_string(char32_t c, std::string& out) {
  if (c == kStringEnd) return end_string(out);
  switch (string_->take(c)) {
    case ControlString::Step::more:
      return;
    case ControlString::Step::ended:
      return end_string(out);
    case ControlString::Step::broken:
      break_string(out);
      return on_code_point(c, out);
  }
}

void TerminalFilter::end_string(std::string& out) {
  enter(State::ground);
  if (string_->is_housekeeping()) return drop(string_->name(), string_->size());
  out += fmt::format("[not shown: {}, {} bytes]", string_->name(), string_->size());
}

void TerminalFilter::break_string(std::string& out) {
  enter(State::ground);
  out += fmt::format("[{} without an end, {} bytes:]", string_->name(), string_->size());
  out += string_->text();
}

void TerminalFilter::break_csi(std::string& out) {
  out += fmt::format("[CSI without an end, {} bytes:]", sequence_.size());
  out += sequence_;
  enter(State::ground);
}

/// Something else begins, or nothing comes any more.
void TerminalFilter::break_off(std::string& out) {
  if (state_ == State::string || state_ == State::string_escape) return break_string(out);
  if (state_ != State::ground) drop("ESC", 1 + sequence_.size());
  enter(State::ground);
}

void TerminalFilter::drop(std::string kind, std::size_t bytes) { add_up(unshown_, {{std::move(kind), 1, bytes}}); }

}  // namespace sallyport::recorder
