#pragma once
// What the Service knows outside the store. One owner thread: the vault's loop.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "live_sessions.hpp"
#include "sallyport/access/decide.hpp"
#include "sallyport/access/login_token.hpp"
#include "sallyport/app/service.hpp"
#include "sallyport/vault/lockout.hpp"
#include "sallyport/vault/vault.hpp"
#include "stranger_budget.hpp"

namespace sallyport::app {

/// Said in the log already: this reader takes the log over so many entries. Nothing else is kept of an export, so none
/// is in the way of another one.
struct BegunExport {
  std::string reader;
  std::uint64_t size = 0;
  friend bool operator==(const BegunExport&, const BegunExport&) = default;
};

struct ServiceState {
  ServiceConfig config;
  const base::Clock* clock = nullptr;
  std::string boot;
  access::AccessPolicy policy;
  std::unique_ptr<vault::Vault> vault;  ///< null while sealed
  bool writable = false;                ///< the last commit succeeded
  // One count for each kind of guess: a right password says nothing about codes.
  vault::SourceLockouts password_sources;
  vault::SourceLockouts code_sources;
  access::TokenUses token_uses;
  LiveSessions sessions;
  std::optional<std::uint64_t> listener;                ///< the connection that dials
  std::map<base::RotationId, std::uint64_t> rotations;  ///< given out: to which peer
  /// Wait for another try, and somebody wants the account. Not more than there are open rotations.
  std::set<base::RotationId> wanted_rotations;
  std::set<std::uint64_t> rotators;  ///< have asked, and wait to be woken
  std::vector<BegunExport> exports;  ///< the newest last; bounded
  std::uint64_t last_connection = 0;
  /// Connections of sessions that have gone, since when: their processes end by themselves, or the listener ends them.
  std::map<std::uint64_t, base::MonoTime> gone;
  bool decide_again = false;      ///< something changed that live sessions stand on
  std::vector<LiveSession> lost;  ///< their connection went without session.close; not yet in the store
  unsigned failed_unseals = 0;    ///< since the start; told in the audit log at the next unsealing
  base::MonoTime next_token_sweep{};

  StrangerBudget strangers;

  vault::Moment now() const { return vault::Moment::read(*clock, boot); }
};

}  // namespace sallyport::app
