#include "play_keys.hpp"

#include <algorithm>

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxWaiting = 64;

Key plain_key(char c) {
  switch (c) {
    case ' ':
      return Key::pause;
    case 'q':
    case 'Q':
      return Key::quit;
    case '\x03':
      return Key::interrupt;
    case '\x1a':
      return Key::suspend;
    case '+':
      return Key::faster;
    case '-':
      return Key::slower;
    default:
      return Key::none;
  }
}

Key arrow(char final) {
  switch (final) {
    case 'A':
      return Key::faster;
    case 'B':
      return Key::slower;
    case 'C':
      return Key::forward;
    case 'D':
      return Key::back;
    default:
      return Key::none;
  }
}

/// Bytes of the escape sequence at the front; 0 while it may go on.
std::size_t sequence_size(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] == 'O') return text.size() < 3 ? 0 : 3;
  if (text[1] != '[') return text[1] == '\x1b' ? 1 : 2;
  for (std::size_t i = 2; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x40 && c <= 0x7E) return i + 1;
    if (c < 0x20 || c > 0x7E) return i;  // broken off
  }
  return 0;
}

}  // namespace

void KeyReader::feed(std::string_view bytes) { waiting_ += bytes; }

Key KeyReader::next() {
  while (!waiting_.empty()) {
    if (waiting_.front() != '\x1b') {
      const Key key = plain_key(waiting_.front());
      waiting_.erase(0, 1);
      if (key != Key::none) return key;
      continue;
    }
    const auto size = sequence_size(waiting_);
    if (size == 0 && waiting_.size() < kMaxWaiting) return Key::none;
    const Key key = size < 3 ? Key::none : arrow(waiting_[size - 1]);
    waiting_.erase(0, size == 0 ? waiting_.size() : size);
    if (key != Key::none) return key;
  }
  return Key::none;
}

Key KeyReader::give_up() {
  const bool escape = waiting_ == "\x1b";
  waiting_.clear();
  return escape ? Key::quit : Key::none;
}

}  // namespace sallyport::app
