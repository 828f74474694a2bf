#pragma once
// What access::decide() needs to know of an SSH session, loaded in one place for the sign-in, for the grant, for each
// channel, and for deciding again what lives.
#include <optional>
#include <string_view>
#include <vector>

#include "handler.hpp"
#include "live_sessions.hpp"
#include "sallyport/access/decide.hpp"

namespace sallyport::app {

/// Everything of one question, kept alive together. Loaded within one transaction; good for that transaction only.
struct SessionQuestion {
  access::User user;
  bool enrolled = false;
  std::vector<access::Role> roles;
  std::optional<vault::Account> account;
  std::optional<vault::Checkout> checkout;
  access::AccountFacts facts{base::AccountId::random(), {}};
  std::optional<access::CheckoutFacts> leaned;

  /// Of a sign-in whose first proof is there. An account that is not there has labels that no role opens.
  static base::Result<SessionQuestion> of_login(Context& context, const LoginFlow& flow);
  /// Of a session that lives: the checkout that it began with, whatever else its owner has checked out since.
  static base::Result<SessionQuestion> of_live(Context& context, const LiveSession& live);

  /// Borrows from this and from `context`.
  access::DecisionInput input(const Context& context, const access::Factors& factors) const;
  access::Channels open_channels(const Context& context, const access::Factors& factors) const;
};

/// The key is still its owner's, the password still the one that was given.
base::Result<bool> proof_stands(Context& context, const LoginFlow& flow);
inline constexpr std::string_view kProofGone = "the key or password that you signed in with is no longer good";

}  // namespace sallyport::app
