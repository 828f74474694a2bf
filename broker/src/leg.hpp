#pragma once
// One side of the broker: a libssh session on a connected socket, never blocking.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libssh.hpp"
#include "read_ahead.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::broker {

/// Owns socket and session. Not movable: libssh keeps pointers into it.
class Leg {
 public:
  /// Server side of an accepted connection. Starts the key exchange.
  static base::Result<std::unique_ptr<Leg>> to_client(base::UniqueFd socket, ssh_bind bind);
  /// Client side of a connected socket. Sends nothing yet: see start().
  static base::Result<std::unique_ptr<Leg>> to_target(base::UniqueFd socket, const std::string& login);
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;
  ~Leg();

  ssh_session get() const noexcept { return session_.get(); }
  /// Moves the socket into the common loop. Once, after the handshake's first step.
  base::Result<> join(ssh_event event);
  /// One step of the handshake: false while it goes on.
  base::Result<bool> handshake();
  bool connected() const noexcept { return readable() && !(ahead_ && ahead_->ended()); }
  /// The peer hung up, and libssh still gives out what came before.
  bool leaves_rest() const noexcept { return readable() && !connected(); }
  /// That the peer hangs up will only be seen by connected(), and harms no other leg of the same loop.
  void keep_end() noexcept {
    if (ahead_) ahead_->keep_end();
  }
  /// libssh turns sockets to blocking; and the acknowledgements of a login should not wait.
  void rearm_socket() const noexcept;

  /// Bytes that may be handed to libssh now without its own buffer growing beyond kMaxBacklog.
  std::size_t room() noexcept;
  void wrote(std::size_t bytes) noexcept { backlog_ += bytes; }
  bool flushed() const noexcept;
  /// Bytes of the peer wait in this process: another turn of libssh brings them without asking the kernel.
  bool reads_ahead() const noexcept { return ahead_ && ahead_->holds(); }
  /// Whether a packet came since the last call that was not one of the `data` packets counted by the caller.
  bool has_news(std::uint64_t data_packets) noexcept;
  /// The peer keeps sending and reads nothing of our answers.
  bool flooding() noexcept;
  /// The peer sent beyond its window, and libssh (0.11 and later) threw that away. With 0.10 the pipes see it.
  bool overran() const noexcept;

  /// Sends a keep-alive when nothing was heard for `interval`; false when `max` of them were not answered.
  bool keep_alive(base::MonoTime now, base::Milliseconds interval, unsigned max);
  base::MonoTime next_keep_alive(base::Milliseconds interval) const noexcept { return heard_ + interval; }

  /// The peer's connection ends now, without a word; the session stays until disconnect(). Out of the loop first.
  void cut() noexcept;
  /// Says goodbye with a sentence and frees the session. All channels of it must have been let go before.
  void disconnect(const std::string& sentence);

  static constexpr std::size_t kMaxBacklog = 256U << 10U;

 private:
  bool readable() const noexcept { return ssh_is_connected(session_.get()) != 0; }
  Leg(base::UniqueFd socket, bool server) : socket_(std::move(socket)), server_(server) {}
  void attach_counters() noexcept;

  base::UniqueFd socket_;  ///< for the client's leg libssh closes it
  bool server_;
  SessionHandle session_;
  std::optional<ReadAhead> ahead_;  ///< until the socket is closed
  ssh_counter_struct packets_{};
  ssh_counter_struct bytes_{};
  std::size_t backlog_ = 0;
  std::uint64_t seen_other_ = 0;
  std::uint64_t out_mark_ = 0;
  std::uint64_t packets_mark_ = 0;
  base::MonoTime heard_{};
  std::uint64_t heard_bytes_ = 0;
  unsigned unanswered_ = 0;
};

}  // namespace sallyport::broker
