#pragma once
// Checkouts: one account lent to one person, for a time, for a reason. docs/checkouts.md draws the states.
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {

class Transaction;

enum class CheckoutState : unsigned char { active = 1, checked_in = 2, expired = 3, revoked = 4 };
std::string_view to_string(CheckoutState state) noexcept;
base::Result<CheckoutState> parse_checkout_state(std::string_view word);

enum class CheckoutEvent : unsigned char { check_in, time_passed, revoke };
/// The whole life as one table: the state that follows, or Errc::conflict when it is over already.
base::Result<CheckoutState> next_state(CheckoutState state, CheckoutEvent event);

struct Checkout {
  base::CheckoutId id;
  base::AccountId account;
  base::UserId user;
  std::string source;  ///< where it was asked from (address, no port)
  std::string reason;
  bool exclusive = true;
  bool with_otp = false;  ///< made with a one-time passcode in the same request
  bool revealed = false;  ///< its value was shown: the secret rotates at check-in (by the account's policy)
  Moment made;            ///< when; never changes
  Lease lease;            ///< what is left of it; rebased after a reboot
  CheckoutState state = CheckoutState::active;
  std::optional<base::WallTime> ended;
};

struct NewCheckout {
  base::AccountId account;
  base::UserId user;
  std::string source;
  std::string reason;
  base::Seconds duration{0};
  bool with_otp = false;
};

inline constexpr std::size_t kMaxReason = 512;  ///< bytes; base::is_plain_text, and not blank

/// Errc::invalid (reason, duration under a second or over the account's longest), Errc::not_found, Errc::conflict when
/// the account is exclusively out, when this person has it already, or when its secret is being rotated ("rotating").
/// Leases that have run out are ended first, so that nobody is kept out by a checkout that only nobody has looked at:
/// they come back in `also_ended`.
struct EndedCheckout {
  Checkout checkout;
  bool rotation_due = false;  ///< a rotation was queued (cause checkin) in the same transaction
};
struct Granted {
  Checkout checkout;
  std::vector<EndedCheckout> also_ended;
};
/// Would it be refused? Reads only.
base::Result<> may_check_out(Transaction& tx, const NewCheckout& wanted, const Moment& now);
base::Result<Granted> create_checkout(Transaction& tx, const NewCheckout& wanted, const Moment& now);

/// Errc::not_found; Errc::conflict when it has ended already.
base::Result<EndedCheckout> check_in(Transaction& tx, const base::CheckoutId& id, const Moment& now);
base::Result<EndedCheckout> revoke_checkout(Transaction& tx, const base::CheckoutId& id, const Moment& now);
/// Ends what has run out, and rebases the leases of an earlier boot. For every second and for the start of the vault.
/// The caller ends the sessions of what comes back.
base::Result<std::vector<EndedCheckout>> expire_due(Transaction& tx, const Moment& now);
/// When the next active one runs out, for the poll loop; nothing when none is active.
base::Result<std::optional<base::Milliseconds>> next_expiry(Transaction& tx, const Moment& now);

/// Before the value leaves. Errc::conflict unless it is active and has time left.
base::Result<> mark_revealed(Transaction& tx, const base::CheckoutId& id, const Moment& now);

/// The id that begins so, if it is the only one, of all or of one user's: 16 letters are that id itself.
/// Errc::not_found, Errc::invalid.
base::Result<base::CheckoutId> complete_checkout_id(Transaction& tx, std::string_view begin,
                                                    const std::optional<base::UserId>& of);
base::Result<Checkout> get_checkout(Transaction& tx, const base::CheckoutId& id);
/// The person's own active one with time left: there is one at most.
base::Result<std::optional<Checkout>> find_active_checkout(Transaction& tx, const base::AccountId& account,
                                                           const base::UserId& user, const Moment& now);

struct CheckoutFilter {
  std::optional<base::UserId> user;
  std::optional<base::AccountId> account;
  bool active_only = false;
  std::optional<base::CheckoutId> after;  ///< the last one of the page before
  std::size_t limit = 100;                ///< at most 1000
};
/// Newest first.
base::Result<std::vector<Checkout>> list_checkouts(Transaction& tx, const CheckoutFilter& filter);

}  // namespace sallyport::vault
