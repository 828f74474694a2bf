#include "sallyport/vault/checkout.hpp"

#include "checkout_rows.hpp"
#include "sallyport/base/period.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/account.hpp"
#include "sallyport/vault/rotation.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

base::Result<> check_wanted(const NewCheckout& wanted, const Account& account) {
  const bool blank = wanted.reason.find_first_not_of(' ') == std::string::npos;
  if (blank || !base::is_plain_text(wanted.reason, kMaxReason)) {
    return base::fail(Errc::invalid, "a checkout needs a reason: one line of plain text, at most 512 bytes");
  }
  if (wanted.duration < base::Seconds{1} || wanted.duration > account.policy.max_duration) {
    return base::fail(Errc::invalid, "account " + account.name.text() + " may be checked out for 1s to " +
                                         base::format_period(account.policy.max_duration));
  }
  return base::ok();
}

/// An exclusive wish needs that nobody has it; a shared one, that nobody has it exclusively and this person not at all.
/// What has run out by now is nobody's any more.
base::Result<> check_free(Transaction& tx, const Account& account, const base::UserId& user,
                          const std::vector<Checkout>& active, const Moment& now) {
  for (const Checkout& one : active) {
    if (one.lease.ended(now)) continue;
    if (one.user == user)
      return base::fail(Errc::conflict, "you have " + account.name.text() + " checked out already; check it in first");
    if (one.exclusive || account.policy.exclusive)
      return base::fail(Errc::conflict, "account " + account.name.text() + " is checked out already");
  }
  SALLYPORT_TRY(const auto busy, why_rotating(tx, account.id));
  if (busy) return base::fail(Errc::conflict, "account " + account.name.text() + " " + *busy);
  return base::ok();
}

base::Result<> insert(Transaction& tx, const Checkout& made) {
  const Moment& at = made.made;
  SALLYPORT_TRYV(tx.execute_last(
      "INSERT INTO checkout (id, account_id, user_id, source, reason, exclusive, with_otp, revealed, "
      "made_wall_ms, made_mono_ms, made_boot, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms, state) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $8, $9, $10, $11, 1)",
      made.id, made.account, made.user, made.source, made.reason, made.exclusive, made.with_otp, wall_ms(at),
      mono_ms(at), at.boot, made.lease.length.count()));
  return base::ok();
}

/// Writes the end and, where the value was seen, queues the rotation.
base::Result<EndedCheckout> end(Transaction& tx, Checkout checkout, CheckoutEvent event, const Moment& now) {
  SALLYPORT_TRY(checkout.state, next_state(checkout.state, event));
  checkout.ended = now.wall;
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE checkout SET state = $1, ended_ms = $2 WHERE id = $3 AND state = 1",
                           static_cast<int>(checkout.state), wall_ms(now), checkout.id));
  SALLYPORT_ENSURE(changed == 1);
  SALLYPORT_TRY(const auto account, get_account(tx, checkout.account));
  const bool due = checkout.revealed && account.policy.rotate_after_reveal;
  if (due) {
    SALLYPORT_TRYV(request_rotation(tx, checkout.account, RotationCause::checkin, now));
  }
  return EndedCheckout{std::move(checkout), due};
}

base::Result<> rebase(Transaction& tx, const Checkout& checkout, const Moment& now) {
  const Lease lease = checkout.lease.rebase(now);
  SALLYPORT_TRYV(tx.execute(
      "UPDATE checkout SET lease_wall_ms = $1, lease_mono_ms = $2, lease_boot = $3, lease_ms = $4 WHERE id = $5",
      wall_ms(now), mono_ms(now), now.boot, lease.length.count(), checkout.id));
  return base::ok();
}

/// Ends those that have run out, ties those of an earlier boot to this one.
base::Result<std::vector<EndedCheckout>> settle(Transaction& tx, std::vector<Checkout> active, const Moment& now) {
  std::vector<EndedCheckout> ended;
  for (Checkout& checkout : active) {
    if (checkout.lease.ended(now)) {
      SALLYPORT_TRY(auto one, end(tx, std::move(checkout), CheckoutEvent::time_passed, now));
      ended.push_back(std::move(one));
    } else if (checkout.lease.start.boot != now.boot) {
      SALLYPORT_TRYV(rebase(tx, checkout, now));
    }
  }
  return ended;
}

}  // namespace

base::Result<> may_check_out(Transaction& tx, const NewCheckout& wanted, const Moment& now) {
  SALLYPORT_TRY(const auto account, get_account(tx, wanted.account));
  SALLYPORT_TRYV(check_wanted(wanted, account));
  SALLYPORT_TRY(const auto active, active_checkouts_of(tx, account.id));
  return check_free(tx, account, wanted.user, active, now);
}

base::Result<Granted> create_checkout(Transaction& tx, const NewCheckout& wanted, const Moment& now) {
  SALLYPORT_TRY(const auto account, get_account(tx, wanted.account));
  SALLYPORT_TRYV(check_wanted(wanted, account));
  SALLYPORT_TRY(auto active, active_checkouts_of(tx, account.id));
  SALLYPORT_TRYV(check_free(tx, account, wanted.user, active, now));
  SALLYPORT_TRY(auto ended, settle(tx, std::move(active), now));
  Checkout made{base::CheckoutId::random(), account.id, wanted.user, wanted.source, wanted.reason};
  made.exclusive = account.policy.exclusive;
  made.with_otp = wanted.with_otp;
  made.made = now;
  made.lease = Lease{now, wanted.duration};
  SALLYPORT_TRYV(insert(tx, made));
  return Granted{std::move(made), std::move(ended)};
}

base::Result<EndedCheckout> check_in(Transaction& tx, const base::CheckoutId& id, const Moment& now) {
  SALLYPORT_TRY(auto checkout, get_checkout(tx, id));
  return end(tx, std::move(checkout), CheckoutEvent::check_in, now);
}

base::Result<EndedCheckout> revoke_checkout(Transaction& tx, const base::CheckoutId& id, const Moment& now) {
  SALLYPORT_TRY(auto checkout, get_checkout(tx, id));
  return end(tx, std::move(checkout), CheckoutEvent::revoke, now);
}

base::Result<std::vector<EndedCheckout>> expire_due(Transaction& tx, const Moment& now) {
  SALLYPORT_TRY(auto due, due_checkouts(tx, now));
  return settle(tx, std::move(due), now);
}

base::Result<std::optional<base::Milliseconds>> next_expiry(Transaction& tx, const Moment& now) {
  SALLYPORT_TRY(const auto active, active_checkouts(tx));
  std::optional<base::Milliseconds> next;
  for (const Checkout& checkout : active) {
    const base::Milliseconds left = checkout.lease.remaining(now);
    if (!next || left < *next) next = left;
  }
  return next;
}

base::Result<> mark_revealed(Transaction& tx, const base::CheckoutId& id, const Moment& now) {
  SALLYPORT_TRY(const auto checkout, get_checkout(tx, id));
  if (checkout.state != CheckoutState::active || checkout.lease.ended(now)) {
    return base::fail(Errc::conflict, "checkout " + id.text() + " has ended");
  }
  SALLYPORT_TRYV(tx.execute("UPDATE checkout SET revealed = 1 WHERE id = $1 AND state = 1", id));
  return base::ok();
}

base::Result<std::optional<Checkout>> find_active_checkout(Transaction& tx, const base::AccountId& account,
                                                           const base::UserId& user, const Moment& now) {
  SALLYPORT_TRY(auto active, active_checkouts_of(tx, account));
  for (Checkout& checkout : active) {
    if (checkout.user == user && !checkout.lease.ended(now)) return std::optional<Checkout>(std::move(checkout));
  }
  return std::optional<Checkout>();
}

}  // namespace sallyport::vault
