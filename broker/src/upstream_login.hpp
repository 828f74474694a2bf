#pragma once
// From a connected socket to a login at the target, step by step: key exchange, host key against the pins, credential.
#include <string>
#include <vector>

#include "leg.hpp"
#include "sallyport/broker/authority.hpp"

namespace sallyport::broker {

class UpstreamLogin {
 public:
  enum class State : unsigned char { exchanging, key_login, password_login, interactive_login, done };

  /// `leg` outlives it. Takes the credential; it is wiped when the login is over, however it ends.
  UpstreamLogin(Leg& leg, CredentialKind kind, base::SecretBytes credential, std::vector<base::Bytes> pins);

  /// After every turn of the loop: true when logged in. An Error is final and says in a sentence why.
  base::Result<bool> step();

 private:
  base::Result<> check_host_key();
  base::Result<> begin_login();
  base::Result<bool> after_attempt(int outcome);
  int attempt();
  int attempt_interactive();
  int exchange_answers();

  Leg& leg_;
  CredentialKind kind_;
  base::SecretBytes credential_;  ///< a password with a closing NUL, for libssh
  std::vector<base::Bytes> pins_;
  KeyHandle key_;
  State state_ = State::exchanging;
  bool asked_ = false;     ///< a question of the target is there and was not looked at
  bool answered_ = false;  ///< the password was given
};

}  // namespace sallyport::broker
