#pragma once
// Signing in by SSH, as a value: who is it, which proofs are there, what comes next. One for each `session` connection,
// kept by the Service; no store, clock or socket inside. Keys and passwords are checked elsewhere: this is told.
//
//   start --begin--> named --key_proven | password_good--> proven --grant--> granted
//     `proven` with a code asked for: code_good leads to the grant; too many failures lead to `ended` from anywhere.
#include <optional>
#include <string>

#include "sallyport/access/factors.hpp"
#include "sallyport/access/password.hpp"
#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// Which key or password it was: looked for again for as long as the session lives. One of the two.
struct FirstProof {
  base::Bytes key;                       ///< an SSH key's blob
  std::optional<access::Salt> password;  ///< the salt of the password's hash: a new password has another
};

class LoginFlow {
 public:
  enum class State : std::uint8_t { start, named, proven, granted, ended };
  static constexpr unsigned kMaxFailures = 6;  ///< wrong passwords and codes (MaxAuthTries of sshd)
  static constexpr unsigned kMaxKeysOffered = 20;

  /// Errc::conflict when it was begun already. `user` may be empty: the key says who.
  base::Result<> begin(std::string user, base::AccountName account);
  /// Counts an offered key; Errc::limit beyond kMaxKeysOffered, which ends the flow.
  base::Result<> key_offered();
  /// The first proof. Errc::conflict unless it is awaited. `name` is the user's name as the store has it.
  base::Result<> key_proven(const base::UserId& user, std::string_view name, base::ByteView key);
  base::Result<> password_good(const base::UserId& user, std::string_view name, const access::Salt& salt);
  /// A wrong password or code. The flow ends at the last one.
  void failed();
  /// The second proof. Errc::conflict unless the first is there.
  base::Result<> code_good(const vault::Moment& now);
  void granted() { enter(State::granted); }

  State state() const noexcept { return state_; }
  bool awaits_first() const noexcept { return state_ == State::named; }
  const std::string& user_name() const noexcept { return user_name_; }  ///< as given, or as proven
  const std::optional<base::UserId>& user() const noexcept { return user_; }
  const base::AccountName& account() const noexcept { return account_; }
  const access::Factors& factors() const noexcept { return factors_; }
  const FirstProof& first_proof() const noexcept { return first_proof_; }
  /// "publickey,otp": for the session's row.
  std::string how() const;

 private:
  void enter(State state) { state_ = state; }
  base::Result<> proven_by(const base::UserId& user, std::string_view name, FirstProof proof);

  State state_ = State::start;
  std::string user_name_;
  base::AccountName account_;
  std::optional<base::UserId> user_;
  access::Factors factors_;
  FirstProof first_proof_;
  unsigned failures_ = 0;
  unsigned keys_offered_ = 0;
};

}  // namespace sallyport::app
