#pragma once
// Peers that do what no stock program does: a client and a target made of libssh, for one connection each.
#include <libssh/libssh.h>
#include <libssh/server.h>

#include <functional>

#include "broker_fixture.hpp"

namespace sallyport::test {

/// A client of the broker in this process. Blocking unless it is told otherwise.
class RawClient {
 public:
  explicit RawClient(const World& world, const std::string& login = "alice+root+web1", std::uint16_t port = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;

  ssh_session get() const noexcept { return session_; }
  /// Key exchange, then alice's key. Throws where it is refused.
  void log_in();
  /// A session channel, confirmed. Freed with the session.
  ssh_channel open() const;
  /// Does the library's work until the predicate holds; false after half a minute or at the end of the connection.
  bool until(const std::function<bool()>& holds) const;
  /// What the broker said at its goodbye.
  std::string farewell() const { return ssh_get_error(session_); }

 private:
  const World& world_;
  ssh_session session_;
};

/// A target in a process of its own. It proves the host key that pin() names and takes every login.
class RawTarget {
 public:
  /// What it does: called in the child, once the key exchange is done. say() is how it reports.
  using Play = std::function<void(ssh_session session, RawTarget& self)>;
  explicit RawTarget(Play play);
  ~RawTarget();
  RawTarget(const RawTarget&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  const base::Bytes& pin() const noexcept { return pin_; }
  /// Sets port, pin and credential, so that the broker comes here.
  BrokerSetup setup() const;

  // For the child.
  void say(const std::string& line) const;
  /// Answers requests until this one comes, and returns it; nothing at the end of the connection.
  ssh_message next(ssh_session session, int type, int subtype) const;
  /// Says yes to the first login, then to the first channel and the first exec or shell.
  ssh_channel serve_login_and_exec(ssh_session session) const;
  /// Until the client has sent one byte.
  void wait_for_key(ssh_channel channel) const;

  /// For the test: waits for a line of the child; false after half a minute.
  bool heard(const std::string& text);
  const std::string& said() const noexcept { return said_; }

 private:
  [[noreturn]] void run(int listener, const std::string& host_key, const Play& play);

  std::uint16_t port_ = 0;
  base::Bytes pin_;
  base::UniqueFd in_;
  base::UniqueFd out_;
  std::string said_;
  pid_t pid_ = -1;
};

}  // namespace sallyport::test
