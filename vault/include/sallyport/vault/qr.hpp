#pragma once
// QR codes for a terminal, by libqrencode.
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::vault {

/// The text as a QR code in UTF-8 half-block characters (two modules a character), with a quiet zone, light on dark
/// reversed by ANSI colours so that both kinds of terminal show it scannable. Secret, because what it shows is.
/// Errc::limit for a text longer than a QR code holds.
base::Result<base::SecretBytes> qr_half_blocks(const base::SecretBytes& text);

}  // namespace sallyport::vault
