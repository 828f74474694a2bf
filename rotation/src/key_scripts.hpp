#pragma once
// The two fixed scripts that change authorized_keys. They run as the account, in sh, and get keys on standard input.
// They stand between single quotes in a command that the login shell reads: no single quote, backslash, line end, "!".
#include <string_view>

namespace sallyport::rotation {

/// stdin: the new line. Idempotent. The file keeps its mode and owner; a reader sees the old one or the new one.
inline constexpr std::string_view kAppendKey =
    "umask 077; IFS= read -r key || exit 64; d=$HOME/.ssh; f=$d/authorized_keys; "
    "test -h \"$d\" && exit 65; test -h \"$f\" && exit 65; "
    "test -d \"$d\" || mkdir -m 700 \"$d\" || exit 66; "
    "if test -e \"$f\"; then test -f \"$f\" && test -O \"$f\" || exit 67; grep -qxF -e \"$key\" \"$f\" && exit 0; fi; "
    "t=$(mktemp \"$d/.sallyport.XXXXXX\") || exit 66; clean() { rm -f \"$t\"; }; trap clean 0; "
    "if test -e \"$f\"; then cp -p \"$f\" \"$t\" || exit 66; test -z \"$(tail -c1 \"$f\")\" || echo >>\"$t\" || exit "
    "66; fi; "
    "echo \"$key\" >>\"$t\" || exit 66; sync \"$t\" 2>/dev/null; mv -f \"$t\" \"$f\" || exit 66; exit 0";

/// stdin: base64 of the new key, then of the old one. Removes every line with the old one, if the new one is there.
inline constexpr std::string_view kRemoveKey =
    "umask 077; IFS= read -r new || exit 64; IFS= read -r old || exit 64; d=$HOME/.ssh; f=$d/authorized_keys; "
    "test -h \"$d\" && exit 65; test -h \"$f\" && exit 65; test -f \"$f\" && test -O \"$f\" || exit 67; "
    "grep -qF -e \"$new\" \"$f\" || exit 68; grep -qF -e \"$old\" \"$f\" || exit 0; "
    "t=$(mktemp \"$d/.sallyport.XXXXXX\") || exit 66; clean() { rm -f \"$t\"; }; trap clean 0; "
    "cp -p \"$f\" \"$t\" || exit 66; grep -vF -e \"$old\" \"$f\" >\"$t\" || exit 66; grep -qF -e \"$new\" \"$t\" || "
    "exit 68; "
    "sync \"$t\" 2>/dev/null; mv -f \"$t\" \"$f\" || exit 66; exit 0";

constexpr std::string_view meaning_of_status(int status) noexcept {
  switch (status) {
    case 64:
      return "the keys did not arrive";
    case 65:
      return "~/.ssh or authorized_keys is a symbolic link";
    case 66:
      return "~/.ssh/authorized_keys cannot be written";
    case 67:
      return "~/.ssh/authorized_keys is not the account's own file";
    case 68:
      return "the new key is not in ~/.ssh/authorized_keys";
    default:
      return "changing ~/.ssh/authorized_keys failed";
  }
}

}  // namespace sallyport::rotation
