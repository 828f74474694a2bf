#include "sallyport/base/ids.hpp"

#include <algorithm>

#include "sallyport/base/crypto.hpp"

namespace sallyport::base {
namespace {
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kTextLength = 16;
}  // namespace

std::string random_id_text() {
  std::array<std::uint8_t, kTextLength> random{};
  random_bytes(random);
  std::string text(kTextLength, 'a');
  std::transform(random.begin(), random.end(), text.begin(), [](std::uint8_t byte) { return kLetters[byte % 32U]; });
  return text;
}

bool is_id_text(std::string_view text) noexcept {
  return text.size() == kTextLength && text.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace sallyport::base
