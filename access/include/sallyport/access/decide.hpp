#pragma once
// May this person do this to that, now? One pure function, called on every path. Deny by default; the rule that decided
// is named. docs/access.md has the table.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/access/factors.hpp"
#include "sallyport/access/role.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/vault/labels.hpp"

namespace sallyport::access {

struct Person {
  base::UserId id;
  bool disabled = false;
  bool otp_enrolled = false;
};

struct AccountFacts {
  base::AccountId id;
  vault::Labels labels;  ///< merged with the target's (vault::Account::all_labels)
};

/// The checkout that the person leans on, if any.
struct CheckoutFacts {
  base::UserId user;
  base::AccountId account;
  bool active = false;  ///< by state; its lease is looked at here
  bool with_otp = false;
  std::string source;
  vault::Moment made;
  vault::Lease lease;
};

struct AccessPolicy {
  /// A checkout made with a passcode this recently, by the same person from the same source, stands for a fresh
  /// passcode for a session on, or a reveal of, that account. Also how long a passcode itself is fresh for those two.
  base::Seconds otp_window{300};
  /// A passcode given at sign-in is good this long for rotate, audit and administer.
  base::Seconds sign_in_otp{std::chrono::hours{8}};
  /// Giving proofs to another person (a password, a key, a reset of his generator) takes a passcode no older than this.
  base::Seconds proof_otp{300};
  /// A checkout takes a passcode given with the very request: no older than this.
  base::Seconds checkout_otp{60};
};

struct DecisionInput {
  Person person;
  std::span<const Role> roles;  ///< those that he has now
  Action action = Action::session;
  const AccountFacts* account = nullptr;  ///< null: an action on the whole (users, roles, the audit log)
  std::optional<Channel> channel;         ///< for sessions: null is asking whether a session may begin at all
  Factors factors;
  const CheckoutFacts* checkout = nullptr;
  std::string_view source;
  vault::Moment now;
  AccessPolicy policy;
};

/// Why. The words of to_string() are stable: they stand in audit events.
enum class Rule : unsigned char {
  allowed_by_role,
  user_disabled,
  no_first_factor,
  account_needed,
  no_role,           ///< no role of his opens this account for this action
  channel_not_open,  ///< a role opens the account, none that one through this channel
  otp_not_enrolled,
  otp_needed,
  checkout_needed,
  checkout_of_other,  ///< another person's, or of another account
  checkout_ended,
};
std::string_view to_string(Rule rule) noexcept;  ///< "allow.role", "deny.otp_needed" ...

struct Decision {
  bool allowed = false;
  Rule rule = Rule::no_role;
  std::string role;  ///< the role that opened, when allowed

  /// For the person: what is missing and what to do. Tells nothing of others.
  std::string_view sentence() const noexcept;
  /// "allow.role:dba" or "deny.otp_needed": for the audit event.
  std::string why() const;
  /// Ok, or an Error: unauthenticated for proofs that are missing, conflict for the checkout, denied for the rest.
  base::Result<> as_result() const;
};

Decision decide(const DecisionInput& input);

/// Would a passcode have to be asked for, all else being granted? What the SSH sign-in asks before it prompts.
bool otp_still_needed(const DecisionInput& input);

}  // namespace sallyport::access
