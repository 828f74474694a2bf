#pragma once
// A public key as it is given on a command line.
#include <string>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// `text`: the key's own line, or the file that has it ("-": stdin). Read by the server's own parser, so that both give
/// the same answer, and a private key given by mistake never leaves. `of_host`: a line of ssh-keyscan will do.
/// Errc::invalid; what reading a file fails with.
base::Result<std::string> read_public_key(const std::string& text, bool of_host);

}  // namespace sallyport::app
