#include "libssh.hpp"

#include "sallyport/base/text.hpp"

namespace sallyport::broker {

base::Bytes public_blob(ssh_key key) {
  char* encoded = nullptr;
  if (key == nullptr || ssh_pki_export_pubkey_base64(key, &encoded) != SSH_OK) return {};
  const std::unique_ptr<char, FreeString> owner(encoded);
  auto blob = base::unbase64(encoded);
  return blob ? std::move(blob).value() : base::Bytes{};
}

std::string library_error(void* session_or_bind) {
  const char* text = ssh_get_error(session_or_bind);
  return base::escape_text(text == nullptr ? "unknown" : text, 160);
}

}  // namespace sallyport::broker
