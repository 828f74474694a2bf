#pragma once
// Who is it: the proofs of one connection, as a value. No socket, no clock, no libssh inside.
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "sallyport/broker/authority.hpp"

namespace sallyport::broker {

/// What the client did. `name` is the login name as it was written.
struct NoneTried {
  std::string name;
};
struct KeyTried {
  std::string name;
  base::Bytes blob;
  bool verified;
};
struct PasswordTried {
  std::string name;
  base::SecretBytes password;
};
struct InteractiveStarted {
  std::string name;
};
/// One answer to the one prompt; absent when the client sent another number of answers, as after a Ctrl-C.
struct InteractiveAnswered {
  std::optional<base::SecretBytes> text;
};
/// The authority's word. Where it could not say, nobody can log in now: a sentence, and no failure of the client's.
struct ProofJudged {
  base::Result<ProofAnswer> answer;
};
using AuthEvent =
    std::variant<NoneTried, KeyTried, PasswordTried, InteractiveStarted, InteractiveAnswered, ProofJudged>;

/// Methods that may go on, as in SSH_MSG_USERAUTH_FAILURE.
enum class Methods : unsigned char { all, interactive_only };

/// What to do now.
struct Refuse {
  Methods methods;
  std::string sentence{};  ///< for the person; may be empty
};
/// Then interactive_only. The sentence is for those whose client will not ask them.
struct PartialSuccess {
  std::string sentence;
};
struct GoOnAndSign {};
enum class Prompt : unsigned char { password, code };
struct AskClient {
  Prompt prompt;
  std::string instruction{};  ///< above the prompt; may be empty
};
struct AskAuthority {
  Question question;
};
struct Succeed {};
struct HangUp {
  std::string sentence;
};
using AuthAction = std::variant<Refuse, PartialSuccess, GoOnAndSign, AskClient, AskAuthority, Succeed, HangUp>;

class Authenticator {
 public:
  enum class State : unsigned char {
    first,              ///< no proof yet
    judging_key,        ///< asked whether an unsigned key may sign
    judging_first,      ///< asked about a signed key or a password
    awaiting_password,  ///< keyboard-interactive asked for it
    second,             ///< first proof counts, the code is missing
    awaiting_code,
    judging_code,
    proven,
    closed,
  };

  explicit Authenticator(unsigned max_tries) : max_tries_(max_tries) {}

  /// Questions that may stay without an answer. Empty ones come from a client that has no terminal to ask at: none of
  /// them is a failure, or a question to the authority.
  static constexpr unsigned kMaxUnanswered = 3;

  /// An event that does not fit the state hangs up: no client in good order sends it.
  AuthAction on(AuthEvent event);

  /// What the last event was refused for without a question to the authority, if it was a proof.
  std::optional<ProofRefused> take_refusal() { return std::exchange(refusal_, std::nullopt); }

  State state() const noexcept { return state_; }
  /// The authority could not say, which ended this.
  bool undecided() const noexcept { return undecided_; }
  unsigned failures() const noexcept { return failures_; }
  /// Whose proofs these are; what was written if it was no login name.
  const LoginName& login() const noexcept { return login_; }
  const std::string& written() const noexcept { return written_; }

 private:
  AuthAction on_event(NoneTried& event);
  AuthAction on_event(KeyTried& event);
  AuthAction on_event(PasswordTried& event);
  AuthAction on_event(InteractiveStarted& event);
  AuthAction on_event(InteractiveAnswered& event);
  AuthAction on_event(ProofJudged& event);
  AuthAction on_first_judged(const ProofAnswer& answer, bool interactive);
  AuthAction fail_try(std::string sentence = {});
  AuthAction unanswered(Prompt prompt);
  AuthAction refuse(ProofRefused::Why why);
  AuthAction hang_up(std::string sentence);
  void adopt_name(const std::string& name);
  bool settle();

  unsigned max_tries_;
  unsigned failures_ = 0;
  unsigned unanswered_ = 0;
  State state_ = State::first;
  bool interactive_ = false;  ///< the proof being judged came through keyboard-interactive
  bool named_ = false;
  bool undecided_ = false;
  std::string written_;
  LoginName login_;
  std::optional<ProofRefused> refusal_;
};

}  // namespace sallyport::broker
