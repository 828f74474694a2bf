#include "checkout_rows.hpp"

namespace sallyport::vault {

namespace {

// A literal, because Sql takes nothing else. What read_checkout takes, in its order.
#define SALLYPORT_CHECKOUT_COLUMNS                                                                              \
  "SELECT id, account_id, user_id, source, reason, exclusive, with_otp, revealed, made_wall_ms, made_mono_ms, " \
  "made_boot, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms, state, ended_ms FROM checkout "

base::Result<Checkout> read_checkout(const Statement& row) {
  SALLYPORT_TRY(auto id, read_id<base::CheckoutId>(row, 0));
  SALLYPORT_TRY(auto account, read_id<base::AccountId>(row, 1));
  SALLYPORT_TRY(auto user, read_id<base::UserId>(row, 2));
  SALLYPORT_TRY(const auto state, read_enum(row, 15, CheckoutState::revoked));
  return Checkout{std::move(id),       std::move(account),  std::move(user), read_text(row, 3),
                  read_text(row, 4),   row.boolean(5),      row.boolean(6),  row.boolean(7),
                  read_moment(row, 8), read_lease(row, 11), state,           read_maybe_time(row, 16)};
}

}  // namespace

base::Result<std::vector<Checkout>> active_checkouts(Transaction& tx) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_CHECKOUT_COLUMNS "WHERE state = 1"));
  return read_all(std::move(rows), read_checkout);
}

base::Result<std::vector<Checkout>> due_checkouts(Transaction& tx, const Moment& now) {
  // Lease::remaining() in SQL, of this boot: asked several times a second, with thousands lent out.
  SALLYPORT_TRY(auto rows,
                tx.query(SALLYPORT_CHECKOUT_COLUMNS "WHERE state = 1 AND (lease_boot <> $1 OR $2 < lease_mono_ms OR "
                                                    "$2 - lease_mono_ms >= lease_ms)",
                         now.boot, mono_ms(now)));
  return read_all(std::move(rows), read_checkout);
}

base::Result<std::vector<Checkout>> active_checkouts_of(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_CHECKOUT_COLUMNS
                                    "WHERE account_id = $1 AND state = 1 ORDER BY made_wall_ms DESC, id DESC",
                                    account));
  return read_all(std::move(rows), read_checkout);
}

base::Result<Checkout> get_checkout(Transaction& tx, const base::CheckoutId& id) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_CHECKOUT_COLUMNS "WHERE id = $1", id));
  SALLYPORT_TRY(auto found, read_first(std::move(rows), read_checkout));
  if (!found) return base::fail(base::Errc::not_found, "checkout " + id.text() + " is not known");
  return std::move(*found);
}

base::Result<base::CheckoutId> complete_checkout_id(Transaction& tx, std::string_view begin,
                                                    const std::optional<base::UserId>& of) {
  return complete_id<base::CheckoutId>(
      tx, "SELECT id FROM checkout WHERE id >= $1 AND id < $2 AND ($3 = '' OR user_id = $3) LIMIT 2", begin,
      of ? of->text() : std::string());
}

base::Result<std::vector<Checkout>> list_checkouts(Transaction& tx, const CheckoutFilter& filter) {
  // An empty text is "any": it is no id.
  const std::string user = filter.user ? filter.user->text() : "";
  const std::string account = filter.account ? filter.account->text() : "";
  const std::string after = filter.after ? filter.after->text() : "";
  SALLYPORT_TRY(auto rows,
                tx.query(SALLYPORT_CHECKOUT_COLUMNS
                         "WHERE ($1 = '' OR user_id = $1) AND ($2 = '' OR account_id = $2) AND ($3 = 0 OR state = 1) "
                         "AND ($4 = '' OR (made_wall_ms, id) < (SELECT made_wall_ms, id FROM checkout WHERE id = $4)) "
                         "ORDER BY made_wall_ms DESC, id DESC LIMIT $5",
                         user, account, filter.active_only, after, page_limit(filter.limit)));
  return read_all(std::move(rows), read_checkout);
}

}  // namespace sallyport::vault
