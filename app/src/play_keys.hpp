#pragma once
// The keys of a player, out of the bytes of a terminal: whole, however they arrive. ECMA-48 section 5.4, and ESC O for
// terminals in application mode.
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::app {

enum class Key : std::uint8_t { none, pause, forward, back, faster, slower, suspend, interrupt, quit };

/// A value. Bounded: what is no key within 64 bytes is thrown away.
class KeyReader {
 public:
  void feed(std::string_view bytes);
  /// The next whole key that means something; none when there is no more.
  Key next();
  /// An escape that may still go on: if nothing follows it was the key itself, and give_up() says so.
  bool half() const noexcept { return !waiting_.empty(); }
  Key give_up();

 private:
  std::string waiting_;
};

}  // namespace sallyport::app
