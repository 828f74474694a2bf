#include "sallyport/access/role.hpp"

#include "sallyport/base/names.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::access {

using base::Errc;
using vault::Statement;
using vault::Transaction;

namespace {

/// Columns: id, name, accounts, actions, channels.
base::Result<Role> read_role(const Statement& row) {
  SALLYPORT_TRY(auto id, vault::read_id<base::RoleId>(row, 0));
  auto accounts = Selector::parse(row.text(2));
  if (!accounts) return vault::corrupt_row("selector");
  return Role{std::move(id), vault::read_text(row, 1), std::move(accounts).value(),
              Actions::from_bits(vault::read_u32(row, 3)), Channels::from_bits(vault::read_u32(row, 4))};
}

/// A role that opens nothing, or says nothing, is a slip of the pen.
base::Result<> check_role(const Selector& accounts, const Actions& actions, const Channels& channels) {
  if (accounts.text().empty() || actions.empty())
    return base::fail(Errc::invalid, "a role needs a selector and at least one action");
  if (actions.has(Action::session) && channels.empty()) {
    return base::fail(Errc::invalid, "a role for sessions needs channels: shell, exec, sftp, scp");
  }
  return base::ok();
}

}  // namespace

base::Result<Role> add_role(Transaction& tx, const NewRole& wanted, const vault::Moment& now) {
  SALLYPORT_TRY(const auto name, base::check_name(wanted.name, "role"));
  SALLYPORT_TRYV(check_role(wanted.accounts, wanted.actions, wanted.channels));
  SALLYPORT_TRY(const bool taken, vault::exists(tx, "SELECT id FROM role WHERE name = $1", name));
  if (taken) return base::fail(Errc::exists, "role " + name + " is there already");
  SALLYPORT_TRYV(
      tx.execute("INSERT INTO role (id, name, accounts, actions, channels, created_ms) VALUES ($1, $2, $3, $4, $5, $6)",
                 base::RoleId::random(), name, wanted.accounts.text(), wanted.actions.bits(), wanted.channels.bits(),
                 vault::wall_ms(now)));
  return find_role(tx, name);
}

base::Result<Role> find_role(Transaction& tx, std::string_view name) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, name, accounts, actions, channels FROM role WHERE name = $1", name));
  SALLYPORT_TRY(auto found, vault::read_first(std::move(rows), read_role));
  if (!found) return base::fail(Errc::not_found, "role " + base::escape_text(name, 80) + " is not known");
  return std::move(*found);
}

base::Result<std::vector<Role>> list_roles(Transaction& tx) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, name, accounts, actions, channels FROM role ORDER BY name"));
  return vault::read_all(std::move(rows), read_role);
}

base::Result<Role> change_role(Transaction& tx, std::string_view name, const RoleChange& change) {
  SALLYPORT_TRY(auto role, find_role(tx, name));
  role.accounts = change.accounts.value_or(role.accounts);
  role.actions = change.actions.value_or(role.actions);
  role.channels = change.channels.value_or(role.channels);
  SALLYPORT_TRYV(check_role(role.accounts, role.actions, role.channels));
  SALLYPORT_TRYV(tx.execute("UPDATE role SET accounts = $1, actions = $2, channels = $3 WHERE id = $4",
                            role.accounts.text(), role.actions.bits(), role.channels.bits(), role.id));
  return role;
}

base::Result<> remove_role(Transaction& tx, std::string_view name) {
  SALLYPORT_TRY(const auto role, find_role(tx, name));
  SALLYPORT_TRYV(tx.execute("DELETE FROM role_person WHERE role_id = $1", role.id));
  SALLYPORT_TRYV(tx.execute("DELETE FROM role WHERE id = $1", role.id));
  return base::ok();
}

namespace {

/// What is shown of a person names all of his roles, and a decision looks at each of them.
base::Result<> room_for_role(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT COUNT(*) FROM role_person WHERE person_id = $1", user));
  SALLYPORT_TRYV(rows.next());
  if (rows.integer(0) < static_cast<std::int64_t>(kMaxRolesOfPerson)) return base::ok();
  return base::fail(Errc::limit, "a user has at most " + std::to_string(kMaxRolesOfPerson) +
                                     " roles; take one from him first, or widen one that he has");
}

}  // namespace

base::Result<> grant_role(Transaction& tx, const base::RoleId& role, const base::UserId& user,
                          const vault::Moment& now) {
  SALLYPORT_TRY(const bool has,
                vault::exists(tx, "SELECT role_id FROM role_person WHERE role_id = $1 AND person_id = $2", role, user));
  if (has) return base::fail(Errc::exists, "the user has this role already");
  SALLYPORT_TRYV(room_for_role(tx, user));
  SALLYPORT_TRY(const auto changed, tx.execute("INSERT INTO role_person (role_id, person_id, granted_ms) "
                                               "SELECT r.id, u.id, $3 FROM role r, person u "
                                               "WHERE r.id = $1 AND u.id = $2 AND u.removed_ms IS NULL",
                                               role, user, vault::wall_ms(now)));
  if (changed != 1) return base::fail(Errc::not_found, "no such role or user");
  return base::ok();
}

base::Result<> revoke_role(Transaction& tx, const base::RoleId& role, const base::UserId& user) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("DELETE FROM role_person WHERE role_id = $1 AND person_id = $2", role, user));
  if (changed != 1) return base::fail(Errc::not_found, "the user does not have this role");
  return base::ok();
}

base::Result<std::vector<Role>> roles_of(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT r.id, r.name, r.accounts, r.actions, r.channels FROM role r "
                                    "JOIN role_person p ON p.role_id = r.id WHERE p.person_id = $1 ORDER BY r.name",
                                    user));
  return vault::read_all(std::move(rows), read_role);
}

base::Result<std::vector<base::UserId>> users_of(Transaction& tx, const base::RoleId& role) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT person_id FROM role_person WHERE role_id = $1 ORDER BY person_id", role));
  return vault::read_all(std::move(rows), [](const Statement& row) { return vault::read_id<base::UserId>(row, 0); });
}

base::Result<Members> members_of(Transaction& tx, const base::RoleId& role, std::size_t most) {
  Members members;
  SALLYPORT_TRY(auto counted, tx.query("SELECT COUNT(*) FROM role_person WHERE role_id = $1", role));
  SALLYPORT_TRYV(counted.next());
  members.count = static_cast<std::size_t>(counted.integer(0));
  SALLYPORT_TRY(auto rows, tx.query("SELECT u.name FROM role_person p JOIN person u ON u.id = p.person_id "
                                    "WHERE p.role_id = $1 ORDER BY u.name LIMIT $2",
                                    role, most));
  SALLYPORT_TRY(members.names, vault::read_all(std::move(rows), [](const Statement& row) -> base::Result<std::string> {
                  return vault::read_text(row, 0);
                }));
  return members;
}

}  // namespace sallyport::access
