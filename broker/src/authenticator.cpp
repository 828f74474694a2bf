#include "authenticator.hpp"

#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::broker {

AuthAction Authenticator::on(AuthEvent event) {
  if (state_ == State::proven || state_ == State::closed) return hang_up("Authentication is over.");
  return std::visit([this](auto& e) { return on_event(e); }, event);
}

/// A client may leave an open prompt and try something else (RFC 4252, 5; RFC 4256, 3.1). While the authority is asked
/// it has to wait.
bool Authenticator::settle() {
  if (state_ == State::awaiting_password) state_ = State::first;
  if (state_ == State::awaiting_code) state_ = State::second;
  return state_ == State::first || state_ == State::second;
}

/// Proofs of one name say nothing about another: a new name starts from nothing (the failures stay).
void Authenticator::adopt_name(const std::string& name) {
  if (named_ && name == written_) return;
  named_ = true;
  written_ = name.substr(0, kMaxLoginName + 1);
  auto login = parse_login_name(name);
  // An unreadable name goes to the authority as nobody's: the same questions, the same time, never a success.
  login_ = login ? std::move(login).value() : LoginName{};
  state_ = State::first;
}

AuthAction Authenticator::on_event(NoneTried& event) {
  if (!settle()) return hang_up("Out of order.");
  adopt_name(event.name);
  return Refuse{state_ == State::second ? Methods::interactive_only : Methods::all};
}

AuthAction Authenticator::on_event(KeyTried& event) {
  if (!settle()) return hang_up("Out of order.");
  adopt_name(event.name);
  // sk keys, certificates, DSA and short RSA do not pass parse_blob().
  if (state_ == State::second || !certs::SshPublicKey::parse_blob(event.blob)) return fail_try();
  state_ = event.verified ? State::judging_first : State::judging_key;
  interactive_ = false;
  return AskAuthority{PublicKeyProof{login_, std::move(event.blob), event.verified}};
}

AuthAction Authenticator::on_event(PasswordTried& event) {
  if (!settle()) return hang_up("Out of order.");
  adopt_name(event.name);
  if (state_ == State::second || event.password.size() > kMaxPassword) return fail_try();
  state_ = State::judging_first;
  interactive_ = false;
  return AskAuthority{PasswordProof{login_, std::move(event.password)}};
}

AuthAction Authenticator::on_event(InteractiveStarted& event) {
  if (!settle()) return hang_up("Out of order.");
  adopt_name(event.name);
  const bool second = state_ == State::second;
  state_ = second ? State::awaiting_code : State::awaiting_password;
  return AskClient{second ? Prompt::code : Prompt::password};
}

AuthAction Authenticator::on_event(InteractiveAnswered& event) {
  interactive_ = true;
  if (state_ == State::awaiting_password) {
    state_ = State::first;
    if (!event.text || event.text->size() > kMaxPassword) return fail_try();
    state_ = State::judging_first;
    return AskAuthority{PasswordProof{login_, std::move(*event.text)}};
  }
  if (state_ != State::awaiting_code) return hang_up("Out of order.");
  state_ = State::second;
  if (!event.text || event.text->size() > kMaxCode) return fail_try();
  state_ = State::judging_code;
  return AskAuthority{CodeProof{login_, std::move(*event.text)}};
}

AuthAction Authenticator::on_event(ProofJudged& event) {
  const ProofAnswer answer = event.answer.value_or(ProofAnswer{});
  switch (state_) {
    case State::judging_key:
      state_ = State::first;
      if (!answer.accepted) return fail_try();
      return GoOnAndSign{};
    case State::judging_first:
      return on_first_judged(answer, interactive_);
    case State::judging_code:
      state_ = State::second;
      if (!answer.accepted) return fail_try();
      state_ = State::proven;
      return Succeed{};
    default:
      return hang_up("Out of order.");
  }
}

AuthAction Authenticator::on_first_judged(const ProofAnswer& answer, bool interactive) {
  state_ = State::first;
  if (!answer.accepted) return fail_try();
  if (answer.still == Needs::nothing) {
    state_ = State::proven;
    return Succeed{};
  }
  state_ = interactive ? State::awaiting_code : State::second;
  if (interactive) return AskClient{Prompt::code};
  return PartialSuccess{};
}

AuthAction Authenticator::fail_try() {
  if (++failures_ >= max_tries_) return hang_up("Too many authentication failures.");
  return Refuse{state_ == State::second ? Methods::interactive_only : Methods::all};
}

AuthAction Authenticator::hang_up(std::string sentence) {
  state_ = State::closed;
  return HangUp{std::move(sentence)};
}

}  // namespace sallyport::broker
