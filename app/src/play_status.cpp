#include "play_status.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sallyport::app {
namespace {

std::string clock_text(std::uint64_t ms) {
  const auto seconds = ms / 1000;
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// Letters of UTF-8; a cut between two of them.
std::string first_letters(const std::string& text, std::size_t letters) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (begins && letters-- == 0) break;
  }
  return text.substr(0, at);
}

std::string drawn(const std::string& what, TerminalSize terminal) {
  return fmt::format(
      "\x1b"
      "7\x1b[?6l\x1b[4l\x1b[{};1H\x1b(B\x0f{}\x1b[0m\x1b"
      "8",
      terminal.rows, what);
}

}  // namespace

PlayLayout layout_of(TerminalSize terminal, std::optional<recorder::WindowSize> recorded) {
  PlayLayout out{recorder::fitted_rows(terminal.rows, recorded), {}};
  if (recorded && (recorded->second > terminal.rows || recorded->first > terminal.columns))
    out.warning = fmt::format("this terminal is {}x{}, the recording {}x{}", terminal.columns, terminal.rows,
                              recorded->first, recorded->second);
  return out;
}

std::string status_text(const PlayState& state, const std::string& rest, unsigned columns) {
  std::string text = fmt::format(" {} / {}", clock_text(state.at_ms), clock_text(state.duration_ms));
  if (state.speed != 1) text += fmt::format("  {:g}x", state.speed);
  if (state.ended) text += "  the end, q leaves";
  if (state.paused && !state.ended) text += "  paused";
  if (!rest.empty()) text += "  " + rest;
  return first_letters(text, columns);
}

std::string status_line(const std::string& text, TerminalSize terminal) {
  const auto letters = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  // Not into the last column: some terminals would scroll.
  const auto width = terminal.columns - 1;
  return drawn("\x1b[0;7m" + text + std::string(letters < width ? width - letters : 0, ' ') + "\x1b[0m\x1b[K",
               terminal);
}

std::string no_status_line(TerminalSize terminal) { return drawn("\x1b[0m\x1b[2K", terminal); }

}  // namespace sallyport::app
