#pragma once
// The token of a sign-in between two commands: one file a server, 0600, in a directory of the user's own.
#include <chrono>
#include <filesystem>
#include <string>

#include "sallyport/base/result.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

/// $XDG_RUNTIME_DIR/sallyport, else ~/.local/state/sallyport.
std::filesystem::path token_directory();
/// What to say where a sign-in is missing.
base::Error not_signed_in(const std::string& url);
/// Errc::unauthenticated when there is none for this server.
base::Result<base::SecretBytes> load_token(const std::string& url);
base::Result<> store_token(const std::string& url, const base::SecretBytes& token);
/// How long ago the token was stored; a day when there is none.
std::chrono::seconds since_sign_in(const std::string& url);
/// No error when there was none.
void forget_token(const std::string& url);

}  // namespace sallyport::app
