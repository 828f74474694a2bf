#pragma once
// Reads SFTP (draft-ietf-secsh-filexfer-02, version 3) as it passes in both directions and says what files moved.
// Sans I/O. Never alters a byte, never stops a transfer; what it cannot follow it reports as such. Memory is bounded
// whatever the two peers send (kMax* below).
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/hash.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

/// A file's bytes by offset, hashed in order. Pieces ahead of the front wait, up to a bound shared by a tracker;
/// beyond it, or on an overlap that rewrites what was hashed, there is no hash.
class InOrderHash {
 public:
  static constexpr std::size_t kMaxWaiting = 2U << 20U;

  /// `budget` is what may still wait, of all files of one tracker; owned by the tracker.
  void add(std::uint64_t offset, base::ByteView bytes, std::size_t& budget);
  void give_up(std::size_t& budget);  ///< there will be no hash
  /// Gives waiting bytes back to the budget; digest if every byte from 0 to the end passed once, in whatever order.
  std::optional<base::Digest> finish(std::size_t& budget);
  std::uint64_t passed() const noexcept { return passed_; }  ///< bytes seen

 private:
  void drain(std::size_t& budget);

  base::Sha256 hash_;
  std::uint64_t front_ = 0;
  std::uint64_t passed_ = 0;
  bool lost_ = false;
  std::map<std::uint64_t, base::Bytes> waiting_;
};

class SftpTracker {
 public:
  static constexpr std::size_t kMaxPacket = 512U << 10U;  ///< larger ones end the tracking (OpenSSH takes 256 KiB)
  static constexpr std::size_t kMaxHandles = 256;
  static constexpr std::size_t kMaxRequests = 1024;
  static constexpr std::size_t kMaxHandleText = 256;

  explicit SftpTracker(recorder::ChannelNumber channel) : channel_(channel) {}

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
  /// What a request asked, until its reply passes.
  struct Pending {
    std::uint8_t type = 0;
    bool writes = false;  ///< OPEN for writing
    std::string path;
    std::string other_path;
    std::string handle;
    std::uint64_t offset = 0;
    std::optional<recorder::FileAction> action;
  };
  struct OpenFile {
    std::string path;
    bool writes = false;
    bool failed = false;                 ///< the target refused a part of it
    std::optional<InOrderHash> read;     ///< from the first READ on
    std::optional<InOrderHash> written;  ///< from OPEN for writing on
  };

  void feed(base::Bytes& buffer, base::ByteView bytes, bool from_client);
  base::Result<> on_packet(base::ByteView packet, bool from_client);
  base::Result<> on_request(base::ByteView packet);
  base::Result<> read_request(Pending& request, base::Reader& reader);
  base::Result<> read_extended(Pending& request, base::Reader& reader);
  base::Result<> on_write(const Pending& request, base::ByteView data);
  base::Result<> on_reply(base::ByteView packet);
  base::Result<> on_status(const Pending& request, std::uint32_t code);
  base::Result<> on_handle(Pending& request, std::string handle);
  base::Result<> on_data(const Pending& request, base::ByteView data);
  void close(const std::string& handle, bool done);
  void report_transfer(const OpenFile& file, InOrderHash& hash, bool upload, recorder::FileOutcome outcome);
  void report_action(const Pending& request, bool done);
  recorder::FileEvent blank_event(const std::string& path) const;
  void stop();

  recorder::ChannelNumber channel_;
  bool following_ = true;
  bool client_greeted_ = false;
  bool target_greeted_ = false;
  base::Bytes from_client_;  ///< the front of a packet that is not whole yet
  base::Bytes from_target_;
  std::size_t budget_ = InOrderHash::kMaxWaiting;
  std::map<std::uint32_t, Pending> pending_;
  std::map<std::string, OpenFile> open_;
  std::vector<recorder::FileEvent> events_;
};

}  // namespace sallyport::broker
