#include "sallyport/vault/qr.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::vault;

namespace {

using Modules = std::vector<std::vector<bool>>;  // rows of "is light"

/// Reads the half blocks back into modules.
Modules modules_of(std::string_view text) {
  Modules rows;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    std::vector<bool> upper;
    std::vector<bool> lower;
    while (!line.empty()) {
      const bool blank = line.front() == ' ';
      const std::string_view block = line.substr(0, blank ? 1 : 3);
      upper.push_back(block == "\u2588" || block == "\u2580");
      lower.push_back(block == "\u2588" || block == "\u2584");
      line.remove_prefix(block.size());
    }
    rows.push_back(std::move(upper));
    rows.push_back(std::move(lower));
  }
  return rows;
}

/// ISO 18004: dark ring, light ring, dark 3x3.
bool is_finder(const Modules& rows, std::size_t top, std::size_t left) {
  for (std::size_t y = 0; y < 7; ++y) {
    for (std::size_t x = 0; x < 7; ++x) {
      const std::size_t ring = std::min(std::min(x, 6 - x), std::min(y, 6 - y));
      if (rows.at(top + y).at(left + x) != (ring == 1)) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("a QR code has its quiet zone and its three finder patterns") {
  const auto text = base::SecretBytes::copy(base::as_bytes("otpauth://totp/Sallyport:alice?secret=GEZDGNBVGY3TQOJQ"));
  const Modules rows = modules_of(qr_half_blocks(text, QrColours::plain).value().expose_text());
  const std::size_t width = rows.at(0).size();
  for (const bool light : rows.at(0)) CHECK(light);
  for (const auto& row : rows) CHECK((row.size() == width && row.front() && row.back()));
  CHECK(is_finder(rows, 2, 2));
  CHECK(is_finder(rows, 2, width - 9));
  CHECK(is_finder(rows, width - 9, 2));
}

TEST_CASE("colours are set and reset on every line") {
  const auto text = base::SecretBytes::copy(base::as_bytes("x"));
  const auto drawn = qr_half_blocks(text).value();
  CHECK(drawn.expose_text().substr(0, 8) == "\x1b[40;97m");
  CHECK(drawn.expose_text().substr(drawn.size() - 5) == "\x1b[0m\n");
}

TEST_CASE("a text that does not fit a QR code is refused") {
  const auto drawn = qr_half_blocks(base::SecretBytes(5000));
  REQUIRE_FALSE(drawn.has_value());
  CHECK(drawn.error().code() == base::Errc::limit);
}
