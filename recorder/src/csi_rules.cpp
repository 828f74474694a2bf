#include "csi_rules.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace sallyport::recorder {
namespace {

constexpr unsigned kMaxNumber = 9999;   ///< more would keep a terminal busy (REP, insert lines)
constexpr unsigned kMaxPlace = 999999;  ///< a move stops at the edge, however far it is meant to go

bool in(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

/// Finals that pass without prefix and intermediates: moving, erasing, inserting, deleting, scrolling, tabs, SGR,
/// margins.
constexpr std::string_view kPlainFinals = "@ABCDEFGHIKLMPSXZ`^abdefgmr";
constexpr std::string_view kMoves = "ABCDEFGHade`f";
/// DEC private modes that change only what is seen: reverse video, origin, wrap, cursor blink, cursor, reverse wrap,
/// left and right margins, alternate screen. 69 comes with DECSLRM, without which tmux's panes beside each other
/// vanish.
constexpr std::string_view kPrivateModes = ";5;6;7;12;25;45;47;69;1047;1048;1049;";

bool numbers_are_up_to(std::string_view parameters, unsigned max) {
  const auto parts = split_parameters(parameters);
  return std::all_of(parts.begin(), parts.end(), [max](std::string_view part) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return part.empty() || (error == std::errc() && value <= max);
  });
}

bool is_up_to_two(std::string_view parameters) {
  return parameters.empty() || parameters == "0" || parameters == "1" || parameters == "2";
}

bool plain_passes(const Csi& csi) {
  if (!numbers_are_up_to(csi.parameters, in(kMoves, csi.final) ? kMaxPlace : kMaxNumber)) return false;
  switch (csi.final) {
    case 'J':
      return is_up_to_two(csi.parameters);  // 3: scrollback
    case 'T':
      return csi.parameters.find(';') == std::string_view::npos;  // with more than one: mouse tracking
    case 's':  // without parameters it saves the cursor; with two it is DECSLRM
      return csi.parameters.empty() || split_parameters(csi.parameters).size() <= 2;
    case 'u':
      return csi.parameters.empty();
    case 'h':
    case 'l':
      return csi.parameters == "4";  // insert mode
    default:
      return in(kPlainFinals, csi.final);
  }
}

/// Selective erasing, and tab stops every 8 columns.
bool private_passes(const Csi& csi) {
  if (csi.final == 'J' || csi.final == 'K') return is_up_to_two(csi.parameters);
  return csi.final == 'W' && csi.parameters == "5";
}

/// Soft reset, cursor shape, scrolling sideways, columns, protected cells, and rectangles (tmux clears its panes by
/// DECFRA).
bool with_intermediates_passes(const Csi& csi) {
  if (!numbers_are_up_to(csi.parameters, kMaxNumber)) return false;
  if (csi.intermediates == "!") return csi.final == 'p' && csi.parameters.empty();
  if (csi.intermediates == " ") return in("@A", csi.final) || (csi.final == 'q' && csi.parameters.size() <= 1);
  if (csi.intermediates == "'") return in("}~", csi.final);
  if (csi.intermediates == "\"") return csi.final == 'q' && is_up_to_two(csi.parameters);
  if (csi.intermediates == "*") return csi.final == 'x' && is_up_to_two(csi.parameters);
  return csi.intermediates == "$" && in("rtvxz{", csi.final);
}

}  // namespace

std::optional<Csi> take_apart(std::string_view middle, char final) {
  Csi out;
  const auto span = [&middle](std::string_view set) {
    const auto end = std::min(middle.find_first_not_of(set), middle.size());
    const auto part = middle.substr(0, end);
    middle.remove_prefix(end);
    return part;
  };
  out.prefix = span("<=>?");
  out.parameters = span("0123456789;:");
  out.intermediates = span(" !\"#$%&'()*+,-./");
  out.final = final;
  if (!middle.empty() || out.prefix.size() > 1) return std::nullopt;
  return out;
}

std::vector<std::string_view> split_parameters(std::string_view parameters) {
  std::vector<std::string_view> out;
  while (true) {
    const auto end = parameters.find_first_of(";:");
    out.push_back(parameters.substr(0, end));
    if (end == std::string_view::npos) return out;
    parameters.remove_prefix(end + 1);
  }
}

bool csi_passes(const Csi& csi) {
  if (csi.prefix.empty()) return csi.intermediates.empty() ? plain_passes(csi) : with_intermediates_passes(csi);
  return csi.prefix == "?" && csi.intermediates.empty() && private_passes(csi);
}

bool is_private_modes(const Csi& csi) {
  return csi.prefix == "?" && csi.intermediates.empty() && (csi.final == 'h' || csi.final == 'l');
}

bool private_mode_passes(std::string_view mode) {
  return !mode.empty() && kPrivateModes.find(";" + std::string(mode) + ";") != std::string_view::npos;
}

}  // namespace sallyport::recorder
