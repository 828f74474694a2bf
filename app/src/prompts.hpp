#pragma once
// Secrets from a person: asked on the terminal without echo, or read from a descriptor. Never from argv.
#include <string>

#include "sallyport/base/result.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

/// Asks on /dev/tty without echo. Errc::unsupported when stdin is no terminal: nothing is asked then.
base::Result<base::SecretBytes> prompt_secret(const std::string& question);
/// Asks twice; Errc::invalid when the answers differ.
base::Result<base::SecretBytes> prompt_new_secret(const std::string& question);
/// One line, without its line end, read byte by byte so that what follows stays for the next reader. At most 1024
/// bytes.
base::Result<base::SecretBytes> read_secret_line(int fd);
/// Shows a line on stderr and reads an echoed line from the terminal; same rule as prompt_secret.
base::Result<std::string> prompt_line(const std::string& question);

}  // namespace sallyport::app
