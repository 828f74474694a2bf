#include <algorithm>

#include "host_keys.hpp"
#include "sallyport/base/freed_memory.hpp"

namespace sallyport::broker {
namespace {

// Debian's ssh and sshd know all of these; SHA-1 in any role, CBC and DSA are out.
constexpr const char* kClientKeyTypes =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
constexpr const char* kKeyExchange =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256";
constexpr const char* kHostKeyTypes =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
constexpr const char* kCiphers =
    "aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr";
constexpr const char* kMacs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";

base::Result<> set(ssh_bind bind, ssh_bind_options_e option, const void* value, const char* what) {
  if (ssh_bind_options_set(bind, option, value) == SSH_OK) return base::ok();
  return base::fail(base::Errc::internal, std::string("libssh refuses ") + what + ": " + library_error(bind));
}

base::Result<> configure(ssh_bind bind) {
  const bool no_files = false;
  const int least_rsa = 2048;
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_files, "to ignore configuration files"));
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_RSA_MIN_SIZE, &least_rsa, "the least RSA size"));
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, kClientKeyTypes, "the key types"));
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_KEY_EXCHANGE, kKeyExchange, "the key exchanges"));
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, kHostKeyTypes, "the host key types"));
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_CIPHERS_C_S, kCiphers, "the ciphers"));
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_CIPHERS_S_C, kCiphers, "the ciphers"));
  SALLYPORT_TRYV(set(bind, SSH_BIND_OPTIONS_HMAC_C_S, kMacs, "the MACs"));
  return set(bind, SSH_BIND_OPTIONS_HMAC_S_C, kMacs, "the MACs");
}

}  // namespace

base::Result<KeyHandle> import_private_key(const base::SecretBytes& text) {
  // libssh wants a C string: a copy in the slab, wiped when it goes.
  base::SecretBytes terminated(text.size() + 1);
  std::copy(text.expose().begin(), text.expose().end(), terminated.expose_mutable().begin());
  ssh_key key = nullptr;
  const int done = ssh_pki_import_privkey_base64(terminated.expose_text().data(), nullptr, nullptr, nullptr, &key);
  KeyHandle owner(key);
  base::wipe_freed_blocks(terminated.size());  // libssh 0.10 frees the text without wiping it
  if (done != SSH_OK || !owner) return base::fail(base::Errc::invalid, "the private key cannot be read");
  return owner;
}

base::Result<HostKeys> HostKeys::load(const std::vector<base::SecretBytes>& private_keys) {
  auto impl = std::make_unique<Impl>();
  impl->bind.reset(ssh_bind_new());
  if (!impl->bind) return base::fail(base::Errc::internal, "libssh gives no listener");
  SALLYPORT_TRYV(configure(impl->bind.get()));
  if (private_keys.empty()) return base::fail(base::Errc::invalid, "the broker has no host key");
  for (const auto& text : private_keys) {
    auto key = import_private_key(text);
    if (!key) return key.error().within("host key of the broker");
    SALLYPORT_TRYV(set(impl->bind.get(), SSH_BIND_OPTIONS_IMPORT_KEY, key.value().get(), "a host key"));
    (void)key.value().release();  // now the listener's
  }
  return HostKeys(std::move(impl));
}

HostKeys::HostKeys(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
HostKeys::HostKeys(HostKeys&&) noexcept = default;
HostKeys& HostKeys::operator=(HostKeys&&) noexcept = default;
HostKeys::~HostKeys() = default;

}  // namespace sallyport::broker
