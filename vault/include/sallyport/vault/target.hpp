#pragma once
// Targets: the machines that accounts live on, with the host keys that an administrator has pinned.
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/vault/labels.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {

class Transaction;

struct Target {
  base::TargetId id;
  std::string name;  ///< base::check_name; unique among targets that are not removed
  std::string host;  ///< DNS name or address literal, at most 255 bytes
  std::uint16_t port = 22;
  Labels labels;
  std::vector<certs::SshPublicKey> host_keys;  ///< may be empty: then nothing may be connected to
  base::WallTime created{};
};

struct NewTarget {
  std::string name;
  std::string host;
  std::uint16_t port = 22;
  Labels labels;
  std::vector<certs::SshPublicKey> host_keys;
};

/// What is absent stays as it is; `host_keys` replaces all of them.
struct TargetChange {
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
  std::optional<Labels> labels;
  std::optional<std::vector<certs::SshPublicKey>> host_keys;
};

inline constexpr std::size_t kMaxHostKeys = 16;

/// Errc::invalid for a bad name, host or port; Errc::exists.
base::Result<Target> add_target(Transaction& tx, const NewTarget& wanted, const Moment& now);
/// Errc::not_found, also for a removed one.
base::Result<Target> find_target(Transaction& tx, std::string_view name);
base::Result<Target> get_target(Transaction& tx, const base::TargetId& id);
/// By name; `after` is the last name of the page before.
base::Result<std::vector<Target>> list_targets(Transaction& tx, std::string_view after = {}, std::size_t limit = 1000);
base::Result<Target> change_target(Transaction& tx, std::string_view name, const TargetChange& change);
/// Marks it removed, so that its history stays readable. Errc::conflict while it has accounts.
base::Result<> remove_target(Transaction& tx, std::string_view name, const Moment& now);

/// Errc::invalid unless it looks like a DNS name or an IPv4/IPv6 literal: no white space, no control character, no
/// leading '-'.
base::Result<std::string> check_host(std::string_view host);

}  // namespace sallyport::vault
