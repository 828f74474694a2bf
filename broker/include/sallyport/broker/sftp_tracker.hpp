#pragma once
// Reads SFTP (draft-ietf-secsh-filexfer-02, version 3) as it passes in both directions and says what files moved.
// Sans I/O. Never alters a byte, never stops a transfer; what it cannot follow it reports as such. Memory is bounded
// whatever the two peers send (kMax* below).
#include <cstdint>
#include <optional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/base/hash.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

/// A file's bytes by offset, hashed in order. Pieces ahead of the front wait, up to a bound shared by a tracker;
/// beyond it, or on an overlap that rewrites what was hashed, there is no hash.
class InOrderHash {
 public:
  static constexpr std::size_t kMaxWaiting = 2U << 20U;

  /// `budget` counts the waiting bytes of all files of one tracker; owned by the tracker.
  void add(std::uint64_t offset, base::ByteView bytes, std::size_t& budget);
  /// Gives waiting bytes back to the budget; digest if every byte from 0 to the end passed once, in whatever order.
  std::optional<base::Digest> finish(std::size_t& budget);
  std::uint64_t passed() const noexcept { return passed_; }  ///< bytes seen

 private:
  void drain(std::size_t& budget);
  void give_up(std::size_t& budget);

  base::Sha256 hash_;
  std::uint64_t front_ = 0;
  std::uint64_t passed_ = 0;
  bool lost_ = false;
  std::map<std::uint64_t, base::Bytes> waiting_;
};

class SftpTracker {
 public:
  static constexpr std::size_t kMaxPacket = 512U << 10U;    ///< larger ones end the tracking (OpenSSH takes 256 KiB)
  static constexpr std::size_t kMaxHandles = 256;
  static constexpr std::size_t kMaxRequests = 1024;
  static constexpr std::size_t kMaxHandleText = 256;

  SftpTracker(recorder::ChannelNumber channel) : channel_(channel) {}

  void on_client(base::ByteView bytes);  ///< from the client to the target
  void on_target(base::ByteView bytes);  ///< from the target to the client
  /// The channel is over: files still open are reported as partial.
  void on_end();
  /// What was completed since the last call, in order. At most a few hundred wait: take them after each feed.
  std::vector<recorder::FileEvent> take_events() { return std::exchange(events_, {}); }
  /// Once false (a packet that is no SFTP, or a bound passed) it stays so and nothing more is reported: the caller
  /// closes the channel, because what is not seen must not pass.
  bool following() const noexcept { return following_; }

 private:
  /// Cuts a stream into packets: u32 length, then so many bytes.
  struct Framer {
    base::Bytes buffer;
  };
  struct Pending {
    std::uint8_t type = 0;
    std::string path;        ///< OPEN, REMOVE, RENAME ...
    std::string other_path;
    std::string handle;      ///< READ, WRITE, CLOSE
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
  };
  struct OpenFile {
    std::string path;
    InOrderHash read;
    InOrderHash written;
    bool failed = false;
    bool touched_read = false;
    bool touched_write = false;
  };

  void feed(Framer& framer, base::ByteView bytes, bool from_client);
  base::Result<> on_request(base::ByteView packet);
  base::Result<> on_reply(base::ByteView packet);
  base::Result<> on_path_request(std::uint8_t type, std::uint32_t id, base::ByteView rest);
  base::Result<> on_handle_request(std::uint8_t type, std::uint32_t id, base::ByteView rest);
  base::Result<> on_extended(std::uint32_t id, base::ByteView rest);
  base::Result<> on_status(const Pending& request, base::ByteView rest);
  base::Result<> on_handle(const Pending& request, base::ByteView rest);
  base::Result<> on_data(const Pending& request, base::ByteView rest);
  base::Result<> remember(std::uint32_t id, Pending request);
  void close(const std::string& handle, recorder::FileOutcome outcome);
  void report_transfer(OpenFile& file, bool upload, recorder::FileOutcome outcome);
  void report_action(const Pending& request, bool done);
  void stop();

  recorder::ChannelNumber channel_;
  bool following_ = true;
  bool client_greeted_ = false;
  bool target_greeted_ = false;
  Framer from_client_;
  Framer from_target_;
  std::size_t waiting_budget_ = 0;
  std::map<std::uint32_t, Pending> pending_;
  std::map<std::string, OpenFile> open_;
  std::vector<recorder::FileEvent> events_;
};

}  // namespace sallyport::broker
