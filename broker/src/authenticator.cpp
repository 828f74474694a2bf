#include "authenticator.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::broker {
namespace {

constexpr const char* kNoCode =
    "No answer came to the question for a one-time code; it is not counted as a wrong one. Without a terminal, log in "
    "right after a checkout: then no code is asked for.";
constexpr const char* kNoPassword =
    "No answer came to the question for a password; it is not counted as a wrong one. Without a terminal, log in with "
    "an SSH key.";
constexpr std::size_t kMaxWhy = 200;  // characters of the authority's sentence
constexpr const char* kCodeFollows =
    "A one-time code is asked for next. Without a terminal, log in right after a checkout: then none is.";

/// What is said of the vault to somebody who may be a stranger: that it is not his doing, and what passes by itself.
std::string why_undecided(const base::Error& error) {
  const auto code = error.code();
  const bool passes = code == base::Errc::unavailable || code == base::Errc::sealed || code == base::Errc::limit;
  return "Nobody can log in now, and this counts as no failure of yours: " +
         (passes ? base::escape_text(error.context(), kMaxWhy) : std::string("the vault gave no answer")) +
         ". Try again later.";
}

bool is_blank(const base::SecretBytes& text) {
  const auto bytes = text.expose();
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t c) { return c == ' ' || c == '\t'; });
}

}  // namespace

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
  const bool taken = certs::SshPublicKey::parse_blob(event.blob).has_value();
  if (!taken && event.verified) return refuse(ProofRefused::Why::key_type);
  if (state_ == State::second || !taken) return fail_try();
  state_ = event.verified ? State::judging_first : State::judging_key;
  interactive_ = false;
  return AskAuthority{PublicKeyProof{login_, written_, std::move(event.blob), event.verified}};
}

AuthAction Authenticator::on_event(PasswordTried& event) {
  if (!settle()) return hang_up("Out of order.");
  adopt_name(event.name);
  if (event.password.empty() && state_ == State::first) return unanswered(Prompt::password);
  if (event.password.size() > kMaxPassword) return refuse(ProofRefused::Why::size);
  if (state_ == State::second) return fail_try();
  state_ = State::judging_first;
  interactive_ = false;
  return AskAuthority{PasswordProof{login_, written_, std::move(event.password)}};
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
    if (!event.text || event.text->empty()) return unanswered(Prompt::password);
    state_ = State::first;
    if (event.text->size() > kMaxPassword) return refuse(ProofRefused::Why::size);
    state_ = State::judging_first;
    return AskAuthority{PasswordProof{login_, written_, std::move(*event.text)}};
  }
  if (state_ != State::awaiting_code) return hang_up("Out of order.");
  if (!event.text || is_blank(*event.text)) return unanswered(Prompt::code);
  state_ = State::second;
  if (event.text->size() > kMaxCode) return refuse(ProofRefused::Why::size);
  state_ = State::judging_code;
  return AskAuthority{CodeProof{login_, written_, std::move(*event.text)}};
}

AuthAction Authenticator::on_event(ProofJudged& event) {
  if (!event.answer) {
    undecided_ = true;
    return hang_up(why_undecided(event.answer.error()));
  }
  const ProofAnswer& answer = event.answer.value();
  switch (state_) {
    case State::judging_key:
      state_ = State::first;
      if (!answer.accepted) return fail_try();
      return GoOnAndSign{};
    case State::judging_first:
      return on_first_judged(answer, interactive_);
    case State::judging_code:
      state_ = State::second;
      if (!answer.accepted) return fail_try(answer.sentence);
      state_ = State::proven;
      return Succeed{};
    default:
      return hang_up("Out of order.");
  }
}

AuthAction Authenticator::on_first_judged(const ProofAnswer& answer, bool interactive) {
  state_ = State::first;
  if (!answer.accepted) return fail_try(answer.sentence);
  if (answer.still == Needs::nothing) {
    state_ = State::proven;
    return Succeed{};
  }
  state_ = interactive ? State::awaiting_code : State::second;
  if (interactive) return AskClient{Prompt::code};
  return PartialSuccess{kCodeFollows};
}

AuthAction Authenticator::fail_try(std::string sentence) {
  if (++failures_ >= max_tries_)
    return hang_up("Too many authentication failures." + (sentence.empty() ? "" : " " + sentence));
  return Refuse{state_ == State::second ? Methods::interactive_only : Methods::all, std::move(sentence)};
}

/// Asked again, with a sentence that also a client without a terminal shows; a password outside of a dialogue is only
/// refused.
AuthAction Authenticator::unanswered(Prompt prompt) {
  const char* sentence = prompt == Prompt::code ? kNoCode : kNoPassword;
  if (++unanswered_ >= kMaxUnanswered) return hang_up(sentence);
  if (state_ == State::first) return Refuse{Methods::all, sentence};
  return AskClient{prompt, sentence};
}

AuthAction Authenticator::refuse(ProofRefused::Why why) {
  refusal_ = ProofRefused{why, written_};
  return fail_try();
}

AuthAction Authenticator::hang_up(std::string sentence) {
  state_ = State::closed;
  return HangUp{std::move(sentence)};
}

}  // namespace sallyport::broker
