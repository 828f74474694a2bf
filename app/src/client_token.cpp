#include "client_token.hpp"

#include "cli_advice.hpp"
#include "environment.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxToken = 512;

std::filesystem::path token_file(const std::string& url) {
  const auto digest = base::sha256(base::as_bytes(url));
  return token_directory() / (base::hex(base::ByteView(digest).first(8)) + ".token");
}

}  // namespace

std::filesystem::path token_directory() {
  if (auto runtime = environment("XDG_RUNTIME_DIR"); runtime && runtime->starts_with('/')) {
    return std::filesystem::path(*runtime) / "sallyport";
  }
  if (auto state = environment("XDG_STATE_HOME"); state && state->starts_with('/')) {
    return std::filesystem::path(*state) / "sallyport";
  }
  return home_directory() / ".local" / "state" / "sallyport";
}

base::Error not_signed_in(const std::string& url) {
  return advise(base::fail(base::Errc::unauthenticated, "you are not signed in to " + url),
                "sign in with: sallyport login");
}

base::Result<base::SecretBytes> load_token(const std::string& url) {
  auto token = base::read_own_secret_file(token_file(url), kMaxToken);
  if (!token && token.error().code() != base::Errc::denied) return not_signed_in(url);
  return token;
}

base::Result<> store_token(const std::string& url, const base::SecretBytes& token) {
  SALLYPORT_TRYV(base::make_own_directory(token_directory()));
  return base::write_file_atomic(token_file(url), token.expose(), 0600);
}

std::chrono::seconds since_sign_in(const std::string& url) {
  std::error_code problem;
  const auto written = std::filesystem::last_write_time(token_file(url), problem);
  if (problem) return std::chrono::hours(24);
  return std::chrono::duration_cast<std::chrono::seconds>(std::filesystem::file_time_type::clock::now() - written);
}

void forget_token(const std::string& url) {
  std::error_code ignored;
  std::filesystem::remove(token_file(url), ignored);
}

}  // namespace sallyport::app
