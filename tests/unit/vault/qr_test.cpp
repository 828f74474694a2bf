#include "sallyport/vault/qr.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sallyport/base/process.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

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

/// Each module 6 pixels wide, with more of the terminal around it, which is white or black.
void write_picture(const std::string& file, const Modules& rows, bool light_room) {
  constexpr std::size_t kPixels = 6;
  constexpr std::size_t kAround = 4;
  const auto width = rows.at(0).size() + 2 * kAround;
  const auto height = rows.size() + 2 * kAround;
  std::ofstream out(file);
  out << "P5 " << width * kPixels << ' ' << height * kPixels << " 255\n";
  for (std::size_t y = 0; y < height * kPixels; ++y) {
    for (std::size_t x = 0; x < width * kPixels; ++x) {
      const auto row = y / kPixels - kAround;  // outside of it the numbers wrap around
      const auto column = x / kPixels - kAround;
      const bool inside = row < rows.size() && column < rows.at(0).size();
      out.put((inside ? rows[row][column] : light_room) ? '\xff' : '\0');
    }
  }
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
  CHECK(drawn.expose_text().starts_with("\x1b[38;5;231;48;5;16m"));
  CHECK(drawn.expose_text().substr(drawn.size() - 5) == "\x1b[0m\n");
}

TEST_CASE("an authenticator's code fits a terminal of 24 lines, and a decoder reads it on every background") {
  constexpr const char* kDecoder = "/usr/bin/zbarimg";
  const std::string uri =
      "otpauth://totp/Sallyport:administrator?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sallyport";
  const auto drawn = qr_half_blocks(base::SecretBytes::copy(base::as_bytes(uri))).value();
  std::string text;
  std::size_t lines = 0;
  // What a terminal shows is what the colours say, so the picture is drawn from the blocks between them.
  for (auto rest = drawn.expose_text(); !rest.empty(); ++lines) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    line.remove_prefix(std::string_view("\x1b[38;5;231;48;5;16m").size());
    REQUIRE(line.ends_with("\x1b[0m"));
    text += std::string(line.substr(0, line.size() - 4)) + "\n";
  }
  CHECK(lines <= 21);                              // with the line that explains it, and the prompt
  if (!std::filesystem::exists(kDecoder)) return;  // zbar-tools (tools/packages.txt)
  const test::TempDir directory;
  for (const bool light_room : {true, false}) {
    const auto file = (directory / "code.pgm").string();
    write_picture(file, modules_of(text), light_room);
    base::Command command;
    command.argv = {kDecoder, "--quiet", "--raw", file};
    command.environment = {"PATH=/usr/bin:/bin"};
    const auto read = base::run(command).value();
    CHECK(base::as_text(read.out) == uri + "\n");
  }
}

TEST_CASE("a text that does not fit a QR code is refused") {
  const auto drawn = qr_half_blocks(base::SecretBytes(5000));
  REQUIRE_FALSE(drawn.has_value());
  CHECK(drawn.error().code() == base::Errc::limit);
}
