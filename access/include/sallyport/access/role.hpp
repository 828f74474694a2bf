#pragma once
// Roles: which accounts they open (by label), for what, through which channels. docs/access.md.
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/vault/labels.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {
class Transaction;
}

namespace sallyport::access {

enum class Action : unsigned char { session = 1, reveal = 2, checkout = 4, rotate = 8, audit = 16, administer = 32 };
enum class Channel : unsigned char { shell = 1, exec = 2, sftp = 4, scp = 8 };
std::string_view to_string(Action action) noexcept;
std::string_view to_string(Channel channel) noexcept;
base::Result<Action> parse_action(std::string_view word);
base::Result<Channel> parse_channel(std::string_view word);

/// A set of the enumerators above.
template <class E>
class Set {
 public:
  Set() = default;
  Set(std::initializer_list<E> members) {
    for (E one : members) add(one);
  }
  static Set from_bits(unsigned bits) {
    Set out;
    out.bits_ = bits;
    return out;
  }
  void add(E member) noexcept { bits_ |= static_cast<unsigned>(member); }
  bool has(E member) const noexcept { return (bits_ & static_cast<unsigned>(member)) != 0; }
  bool empty() const noexcept { return bits_ == 0; }
  unsigned bits() const noexcept { return bits_; }
  friend bool operator==(const Set&, const Set&) = default;

 private:
  unsigned bits_ = 0;
};
using Actions = Set<Action>;
using Channels = Set<Channel>;
/// "session,reveal"; empty text is the empty set; Errc::invalid for an unknown word.
base::Result<Actions> parse_actions(std::string_view text);
base::Result<Channels> parse_channels(std::string_view text);
std::string format_actions(const Actions& actions);
std::string format_channels(const Channels& channels);

/// "*" is every account; "env=prod,team=db" is those that have both labels. An empty selector opens nothing.
class Selector {
 public:
  static base::Result<Selector> parse(std::string_view text);
  bool matches(const vault::Labels& labels) const;
  bool is_all() const noexcept { return all_; }
  std::string text() const;

 private:
  bool all_ = false;
  vault::Labels wanted_;
};

struct Role {
  base::RoleId id;
  std::string name;  ///< base::check_name
  Selector accounts;
  Actions actions;
  Channels channels;  ///< meant for Action::session
};
struct NewRole {
  std::string name;
  Selector accounts;
  Actions actions;
  Channels channels;
};
struct RoleChange {
  std::optional<Selector> accounts;
  std::optional<Actions> actions;
  std::optional<Channels> channels;
};

base::Result<Role> add_role(vault::Transaction& tx, const NewRole& wanted, const vault::Moment& now);
base::Result<Role> find_role(vault::Transaction& tx, std::string_view name);
base::Result<std::vector<Role>> list_roles(vault::Transaction& tx);
base::Result<Role> change_role(vault::Transaction& tx, std::string_view name, const RoleChange& change);
/// With its assignments.
base::Result<> remove_role(vault::Transaction& tx, std::string_view name);

inline constexpr std::size_t kMaxRolesOfPerson = 64;

/// Standing assignment. Errc::exists, Errc::not_found; Errc::limit beyond kMaxRolesOfPerson.
base::Result<> grant_role(vault::Transaction& tx, const base::RoleId& role, const base::UserId& user,
                          const vault::Moment& now);
base::Result<> revoke_role(vault::Transaction& tx, const base::RoleId& role, const base::UserId& user);
base::Result<std::vector<Role>> roles_of(vault::Transaction& tx, const base::UserId& user);
base::Result<std::vector<base::UserId>> users_of(vault::Transaction& tx, const base::RoleId& role);

/// Who has a role, for being shown: nothing bounds how many there are.
struct Members {
  std::vector<std::string> names;  ///< by name, the first of them
  std::size_t count = 0;           ///< of all
};
base::Result<Members> members_of(vault::Transaction& tx, const base::RoleId& role, std::size_t most);

}  // namespace sallyport::access
