#pragma once
// Our end of the vault's Unix socket (docs/vault_socket.md): a non-blocking connection for event loops, and a blocking
// client.
#include <chrono>
#include <deque>
#include <filesystem>
#include <optional>

#include "sallyport/app/frame.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::app {

enum class OperationId : std::uint16_t;  // operation.hpp

/// Frames waiting to be written. Bounded; one owner.
class FrameQueue {
 public:
  explicit FrameQueue(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}
  void set_max_bytes(std::size_t bound) noexcept { max_bytes_ = bound; }
  /// Errc::limit when the reader is that far behind: the caller ends the connection.
  base::Result<> push(Frame frame);
  /// Writes what the socket takes. Errc::closed when the reader has gone.
  base::Result<> flush(int fd);
  bool empty() const noexcept { return items_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Item {
    std::array<std::uint8_t, kFrameHeader> header;
    Payload payload;
    std::size_t written;
  };
  void advance(std::size_t count);

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::deque<Item> items_;
};

/// One connection to the vault, never blocking. Any Error from it is final: close it; when to connect again is the
/// owner's business. Not thread-safe.
class VaultConnection {
 public:
  /// Errc::unavailable when no vault listens there.
  static base::Result<VaultConnection> connect(const std::filesystem::path& socket);
  /// A connected socket, e.g. the one that a session's child was given.
  static base::Result<VaultConnection> adopt(base::UniqueFd fd);

  int fd() const noexcept { return fd_.get(); }
  bool wants_write() const noexcept { return !out_.empty(); }

  /// Sends (or queues) a request and returns its id. Errc::limit over kMaxRequest or with 4 MiB queued.
  base::Result<std::uint64_t> request(OperationId operation, Payload payload);
  /// Reads what is there. Errc::closed at end of stream; frames that came before it are still to be had from next().
  base::Result<> on_readable();
  base::Result<> on_writable();
  /// Replies and pushes in the order in which they came.
  std::optional<Frame> next();
  bool has_next() const noexcept { return !in_.empty(); }

  /// The socket, for handing it to another process: nothing may be queued or half read.
  base::UniqueFd release() && { return std::move(fd_); }

 private:
  explicit VaultConnection(base::UniqueFd fd) noexcept : fd_(std::move(fd)) {}

  base::UniqueFd fd_;
  FrameDecoder decoder_{kMaxFramePayload};
  FrameQueue out_{4U << 20U};
  std::deque<Frame> in_;
  std::uint64_t last_id_ = 0;
};

/// Asks and waits. For the operator's command, the rotator and the listener's short questions. Not thread-safe.
class VaultClient {
 public:
  static base::Result<VaultClient> connect(const std::filesystem::path& socket);
  explicit VaultClient(VaultConnection connection) noexcept : connection_(std::move(connection)) {}

  /// The answer, or the vault's own Error; Errc::timed_out, Errc::closed: the outcome is unknown and the client of no
  /// more use.
  base::Result<Payload> call(OperationId operation, Payload payload, std::chrono::milliseconds timeout);
  /// The next push (kept ones first), or nothing when the timeout passed.
  base::Result<std::optional<Frame>> wait_push(std::chrono::milliseconds timeout);

  VaultConnection& connection() noexcept { return connection_; }

 private:
  base::Result<bool> pump(std::chrono::steady_clock::time_point deadline);

  VaultConnection connection_;
  std::deque<Frame> pushes_;
};

}  // namespace sallyport::app
