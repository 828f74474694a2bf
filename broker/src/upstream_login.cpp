#include "upstream_login.hpp"

#include <algorithm>

#include "host_keys.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::broker {
namespace {

base::SecretBytes terminated(const base::SecretBytes& text) {
  base::SecretBytes copy(text.size() + 1);
  std::copy(text.expose().begin(), text.expose().end(), copy.expose_mutable().begin());
  return copy;
}

base::Error refused() { return base::fail(base::Errc::denied, "The target did not accept the account's credential."); }

}  // namespace

UpstreamLogin::UpstreamLogin(Leg& leg, CredentialKind kind, base::SecretBytes credential, std::vector<base::Bytes> pins)
    : leg_(leg), kind_(kind), credential_(std::move(credential)), pins_(std::move(pins)) {}

base::Result<bool> UpstreamLogin::step() {
  if (state_ == State::exchanging) {
    auto exchanged = leg_.handshake();
    if (!exchanged) return base::fail(base::Errc::unavailable, "The target did not complete the SSH handshake.");
    if (!exchanged.value()) return false;
    SALLYPORT_TRYV(check_host_key());
    SALLYPORT_TRYV(begin_login());
  }
  if (state_ == State::done) return true;
  if (!leg_.connected())
    return base::fail(base::Errc::unavailable, "The target closed the connection during the login.");
  return after_attempt(attempt());
}

/// Nothing of the credential has left this process before this has passed.
base::Result<> UpstreamLogin::check_host_key() {
  ssh_key key = nullptr;
  if (ssh_get_server_publickey(leg_.get(), &key) != SSH_OK) {
    return base::fail(base::Errc::internal, "The target's host key cannot be read.");
  }
  const KeyHandle owner(key);
  const auto blob = public_blob(key);
  if (!blob.empty() && certs::is_pinned(pins_, blob)) return base::ok();
  const auto parsed = certs::SshPublicKey::parse_blob(blob);
  return base::fail(base::Errc::denied,
                    "The target's host key is not the one that was registered" +
                        (parsed ? " (it showed " + parsed.value().fingerprint() + ")" : std::string()) +
                        ". No credential was sent. Tell your administrator.");
}

base::Result<> UpstreamLogin::begin_login() {
  if (kind_ == CredentialKind::private_key) {
    SALLYPORT_TRY(key_, import_private_key(credential_));
    credential_ = {};
    state_ = State::key_login;
    return base::ok();
  }
  const auto password = credential_.expose();
  if (std::find(password.begin(), password.end(), std::uint8_t{0}) != password.end()) {
    return base::fail(base::Errc::invalid, "The account's password cannot be sent by SSH.");
  }
  credential_ = terminated(credential_);
  state_ = State::password_login;
  return base::ok();
}

int UpstreamLogin::attempt() {
  switch (state_) {
    case State::key_login:
      return ssh_userauth_publickey(leg_.get(), nullptr, key_.get());
    case State::password_login:
      return ssh_userauth_password(leg_.get(), nullptr, credential_.expose_text().data());
    case State::interactive_login:
      return attempt_interactive();
    default:
      return SSH_AUTH_ERROR;
  }
}

/// Sends what was set as an answer, or begins. libssh may bring the next question at once: asking it again would answer
/// that one with nothing.
int UpstreamLogin::exchange_answers() {
  const int outcome = ssh_userauth_kbdint(leg_.get(), nullptr, nullptr);
  asked_ = outcome == SSH_AUTH_INFO;
  return outcome;
}

/// One prompt without echo is taken for the password; anything else is not answered.
int UpstreamLogin::attempt_interactive() {
  if (!asked_) {
    const int outcome = exchange_answers();
    if (outcome != SSH_AUTH_INFO) return outcome;
  }
  const int prompts = ssh_userauth_kbdint_getnprompts(leg_.get());
  if (prompts == 0) return exchange_answers();
  char echo = 1;
  const char* prompt = ssh_userauth_kbdint_getprompt(leg_.get(), 0, &echo);
  if (prompts != 1 || prompt == nullptr || echo != 0 || answered_) return SSH_AUTH_DENIED;
  answered_ = true;
  if (ssh_userauth_kbdint_setanswer(leg_.get(), 0, credential_.expose_text().data()) < 0) return SSH_AUTH_ERROR;
  return exchange_answers();
}

base::Result<bool> UpstreamLogin::after_attempt(int outcome) {
  leg_.rearm_socket();
  if (outcome == SSH_AUTH_AGAIN || outcome == SSH_AUTH_INFO) return false;
  const bool interactive_left = (ssh_userauth_list(leg_.get(), nullptr) & int{SSH_AUTH_METHOD_INTERACTIVE}) != 0;
  if (outcome == SSH_AUTH_DENIED && state_ == State::password_login && interactive_left) {
    state_ = State::interactive_login;
    return false;
  }
  credential_ = {};
  key_.reset();
  if (outcome != SSH_AUTH_SUCCESS) return refused();
  state_ = State::done;
  return true;
}

}  // namespace sallyport::broker
