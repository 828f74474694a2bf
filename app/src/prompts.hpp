#pragma once
// Secrets from a person: asked on the terminal without echo, or read from a descriptor. Never from argv.
#include <functional>
#include <string>

#include "sallyport/base/result.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

/// Asks on /dev/tty without echo. Errc::unsupported when stdin is no terminal: nothing is asked then.
/// The answer is one line of at most 1024 bytes; where that is the first of a PEM key, all of it, of at most `max`.
/// What was typed behind the answer is thrown away: no shell gets it.
base::Result<base::SecretBytes> prompt_secret(const std::string& question, std::size_t max = 1024);
/// What an answer must be: an Error's sentence is shown, and the question asked again.
using CheckSecret = std::function<base::Result<>(const base::SecretBytes&)>;
using CheckLine = std::function<base::Result<>(const std::string&)>;
/// Asks twice. An answer that will not do, or two that differ, are asked for again, three times in all.
base::Result<base::SecretBytes> prompt_new_secret(const std::string& question, const CheckSecret& check = {});
/// Exactly six digits: what is none is asked for again and never sent. `may_be_empty`: an empty answer is one.
base::Result<base::SecretBytes> prompt_code(const std::string& question, bool may_be_empty = false);
/// The same rule for a code that was not typed at a prompt. Errc::invalid.
base::Result<> check_code(const base::SecretBytes& code);
/// One line, without its line end, read byte by byte so that what follows stays for the next reader. At most 1024
/// bytes.
base::Result<base::SecretBytes> read_secret_line(int fd);
/// Shows a line on stderr and reads an echoed line from the terminal; same rule as prompt_secret, asked again like
/// prompt_new_secret.
base::Result<std::string> prompt_line(const std::string& question, const CheckLine& check = {});
/// Asks before what can't be taken back, and only where somebody can answer: Errc::invalid unless by "y" or "yes".
base::Result<> confirm(const std::string& question);

}  // namespace sallyport::app
