#pragma once
// QR codes for a terminal, by libqrencode.
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::vault {

/// ansi: white on black by escape sequences, scannable on light and dark terminals, whatever their theme. plain: no
/// escape sequence, for a dark one.
enum class QrColours : unsigned char { ansi, plain };

/// The text as a QR code in UTF-8 half-block characters (two modules a character), with a quiet zone. Secret, because
/// what it shows is. libqrencode works in ordinary memory; its result is wiped. Errc::limit for a text that does not
/// fit.
base::Result<base::SecretBytes> qr_half_blocks(const base::SecretBytes& text, QrColours colours = QrColours::ansi);

}  // namespace sallyport::vault
