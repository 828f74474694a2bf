#pragma once
// The SSH connections that are open now, and the sessions on them: in memory only, since a vault that starts again has
// none. Bounded by ServiceConfig::max_sessions. One owner thread.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "login_flow.hpp"
#include "sallyport/access/role.hpp"
#include "sallyport/app/frame.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/app/service.hpp"
#include "sallyport/vault/account.hpp"
#include "sallyport/vault/lease.hpp"
#include "sallyport/vault/target.hpp"

namespace sallyport::app {

/// What a grant stood on, beside access::decide() and the first proof (LoginFlow): it must still be so.
struct Basis {
  access::Channels channels;  ///< that it may open; follows the decision while the session lives
  std::string login;          ///< on the target
  std::string host;
  std::uint16_t port = 0;
  std::vector<std::string> host_keys;  ///< fingerprints of those that were pinned
  static Basis of(const vault::Target& target, const vault::Account& account, const access::Channels& channels);
};

/// A granted session.
struct LiveSession {
  base::SessionId id;
  base::UserId user;
  base::AccountId account;
  base::CheckoutId checkout;
  std::string user_name;
  std::string account_name;
  Basis basis;
  bool frozen = false;
  bool closed = false;                   ///< session.close came: the connection may go
  std::optional<base::MonoTime> ending;  ///< since push end was sent
  std::uint32_t events = 0;              ///< session.event in this second
  base::MonoTime events_since{};
};

struct Connection {
  std::uint64_t peer = 0;
  std::string source;  ///< address
  std::uint64_t port = 0;
  base::MonoTime since{};
  LoginFlow flow;
  std::optional<LiveSession> live;
  bool told_to_end = false;  ///< the login grace ran out
};

class LiveSessions {
 public:
  Connection& add(std::uint64_t peer, std::string source, std::uint64_t port, base::MonoTime now);
  Connection* find(std::uint64_t peer);
  Connection* find_session(std::string_view session_id);
  void remove(std::uint64_t peer) { connections_.erase(peer); }
  std::size_t size() const noexcept { return connections_.size(); }
  std::size_t live() const;
  std::map<std::uint64_t, Connection>& all() noexcept { return connections_; }

  /// Push `end` to every live session that matches, once; returns how many.
  template <class Match>
  std::size_t end_where(Match&& match, std::string_view reason, base::MonoTime now, std::vector<Outgoing>& out) {
    std::size_t count = 0;
    for (auto& [peer, connection] : connections_) {
      if (!connection.live || connection.live->closed || connection.live->ending || !match(*connection.live)) continue;
      connection.live->ending = now;
      out.push_back(make_end(peer, reason));
      ++count;
    }
    return count;
  }
  static Outgoing make_end(std::uint64_t peer, std::string_view reason);
  static Outgoing make_push(std::uint64_t peer, OperationId push);
  static Outgoing make_push(std::uint64_t peer, OperationId push, const Record& record);

 private:
  std::map<std::uint64_t, Connection> connections_;
};

}  // namespace sallyport::app
