#include "sallyport/access/user.hpp"

#include "sallyport/access/login_token.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/guesses.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::access {

using base::Errc;
using vault::Statement;
using vault::Transaction;

namespace {

constexpr std::size_t kMaxDisplayName = 128;

// A literal, because Sql takes nothing else. What read_user takes, in its order.
#define SALLYPORT_USER_COLUMNS                                                                \
  "SELECT u.id, u.name, u.display_name, u.disabled, u.created_ms, p.person_id FROM person u " \
  "LEFT JOIN password p ON p.person_id = u.id "

base::Result<User> read_user(const Statement& row) {
  SALLYPORT_TRY(auto id, vault::read_id<base::UserId>(row, 0));
  return User{std::move(id),  vault::read_text(row, 1), vault::read_text(row, 2),
              row.boolean(3), !row.is_null(5),          vault::read_time(row, 4)};
}

base::Result<User> read_one(Statement rows, const std::string& name) {
  SALLYPORT_TRY(auto found, vault::read_first(std::move(rows), read_user));
  if (!found) return base::fail(Errc::not_found, "user " + name + " is not known");
  return std::move(*found);
}

base::Result<> check_display_name(std::string_view name) {
  if (base::is_plain_text(name, kMaxDisplayName)) return base::ok();
  return base::fail(Errc::invalid, "a display name is one line of plain text, at most 128 bytes");
}

}  // namespace

base::Result<User> add_user(Transaction& tx, const NewUser& wanted, const vault::Moment& now) {
  SALLYPORT_TRY(const auto name, base::check_name(wanted.name, "user"));
  SALLYPORT_TRYV(check_display_name(wanted.display_name));
  SALLYPORT_TRY(const bool taken,
                vault::exists(tx, "SELECT id FROM person WHERE name = $1 AND removed_ms IS NULL", name));
  if (taken) return base::fail(Errc::exists, "user " + name + " is there already");
  const auto id = base::UserId::random();
  SALLYPORT_TRYV(
      tx.execute("INSERT INTO person (id, name, display_name, disabled, created_ms) VALUES ($1, $2, $3, 0, $4)", id,
                 name, wanted.display_name, vault::wall_ms(now)));
  return get_user(tx, id);
}

base::Result<User> find_user(Transaction& tx, std::string_view name) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_USER_COLUMNS "WHERE u.name = $1 AND u.removed_ms IS NULL", name));
  return read_one(std::move(rows), base::escape_text(name, 80));
}

base::Result<User> get_user(Transaction& tx, const base::UserId& id) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_USER_COLUMNS "WHERE u.id = $1", id));
  return read_one(std::move(rows), id.text());
}

base::Result<std::vector<User>> list_users(Transaction& tx, std::string_view after, std::size_t limit) {
  SALLYPORT_TRY(auto rows,
                tx.query(SALLYPORT_USER_COLUMNS "WHERE u.removed_ms IS NULL AND u.name > $1 ORDER BY u.name LIMIT $2",
                         after, vault::page_limit(limit)));
  return vault::read_all(std::move(rows), read_user);
}

base::Result<User> change_user(Transaction& tx, std::string_view name, const UserChange& change) {
  SALLYPORT_TRY(auto user, find_user(tx, name));
  user.display_name = change.display_name.value_or(user.display_name);
  user.disabled = change.disabled.value_or(user.disabled);
  SALLYPORT_TRYV(check_display_name(user.display_name));
  SALLYPORT_TRYV(tx.execute("UPDATE person SET display_name = $1, disabled = $2 WHERE id = $3", user.display_name,
                            user.disabled, user.id));
  if (user.disabled) {
    SALLYPORT_TRYV(revoke_tokens_of(tx, user.id));
  }
  return user;
}

base::Result<> remove_user(Transaction& tx, std::string_view name, const vault::Moment& now) {
  SALLYPORT_TRY(const auto user, find_user(tx, name));
  SALLYPORT_TRYV(revoke_tokens_of(tx, user.id));
  SALLYPORT_TRYV(tx.execute("DELETE FROM password WHERE person_id = $1", user.id));
  SALLYPORT_TRYV(vault::forget_failures(tx, user.id, vault::Guessed::password));
  SALLYPORT_TRYV(vault::forget_failures(tx, user.id, vault::Guessed::code));
  SALLYPORT_TRYV(vault::forget_sources(tx, user.id));
  SALLYPORT_TRYV(tx.execute("DELETE FROM login_key WHERE person_id = $1", user.id));
  SALLYPORT_TRYV(tx.execute("DELETE FROM role_person WHERE person_id = $1", user.id));
  SALLYPORT_TRYV(
      tx.execute("UPDATE person SET disabled = 1, removed_ms = $1 WHERE id = $2", vault::wall_ms(now), user.id));
  return base::ok();
}

base::Result<std::int64_t> count_users(Transaction& tx) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT COUNT(*) FROM person WHERE removed_ms IS NULL"));
  SALLYPORT_TRYV(rows.next());
  return rows.integer(0);
}

}  // namespace sallyport::access
