#include "sallyport/vault/qr.hpp"

#include <qrencode.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace sallyport::vault {

namespace {

constexpr int kQuietZone = 2;  // modules; ISO 18004 asks for 4, phones read 2, and a terminal is narrow

struct FreeCode {
  void operator()(QRcode* code) const noexcept {
    const auto width = static_cast<std::size_t>(code->width);
    base::wipe({code->data, width * width});
    QRcode_free(code);
  }
};
using Code = std::unique_ptr<QRcode, FreeCode>;

/// Light modules are what is drawn: the terminal's background is taken as dark.
bool is_light(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return true;
  return (code.data[y * code.width + x] & 1U) == 0;
}

std::string_view half_block(bool upper, bool lower) {
  if (upper) return lower ? "\u2588" : "\u2580";
  return lower ? "\u2584" : " ";
}

// White and black of the 256, which no theme changes: a phone sees the same on every background. The least correction
// of errors: a screen has none, and the code has to fit one of 24 lines.
void draw_row(base::SecretWriter& out, const QRcode& code, int y, bool colours) {
  if (colours) out.raw(base::as_bytes("\x1b[38;5;231;48;5;16m"));
  for (int x = -kQuietZone; x < code.width + kQuietZone; ++x) {
    out.raw(base::as_bytes(half_block(is_light(code, x, y), is_light(code, x, y + 1))));
  }
  out.raw(base::as_bytes(colours ? "\x1b[0m\n" : "\n"));
}

}  // namespace

base::Result<base::SecretBytes> qr_half_blocks(const base::SecretBytes& text, QrColours colours) {
  const base::ByteView bytes = text.expose();
  const Code code(QRcode_encodeData(static_cast<int>(bytes.size()), bytes.data(), 0, QR_ECLEVEL_L));
  if (!code) {
    if (errno == ERANGE || errno == EINVAL) return base::fail(base::Errc::limit, "the text does not fit a QR code");
    return base::fail_errno("QR code", errno);
  }
  base::SecretWriter out;
  for (int y = -kQuietZone; y < code->width + kQuietZone; y += 2) draw_row(out, *code, y, colours == QrColours::ansi);
  return std::move(out).take();
}

}  // namespace sallyport::vault
