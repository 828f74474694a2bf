#pragma once
// Stands between an SFTP client and its target (draft-ietf-secsh-filexfer-02, version 3): follows both directions, says
// what was done to files, and keeps back what it could not say. Sans I/O. Memory is bounded whatever the two peers send
// (kMax* below).
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/broker/in_order_hash.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

struct SftpRequest;

/// Whole packets pass, nothing else. A request that names no open file of this channel, or that the tracker does not
/// know, never reaches the target: the tracker answers it. Whatever passes and could change the target leaves an event,
/// at the latest at on_end(), and then says that its outcome is unknown.
class SftpTracker {
 public:
  static constexpr std::size_t kMaxHandles = 256;
  static constexpr std::size_t kMaxRequests = 1024;
  static constexpr std::size_t kMaxText = 256U << 10U;    ///< paths of all requests and open files; more is refused
  static constexpr std::size_t kMaxAnswers = 64U << 10U;  ///< its own, that wait for the client
  static constexpr std::size_t kMaxRefusals = 8;          ///< each an event; the rest is one more, with their number

  explicit SftpTracker(recorder::ChannelNumber channel) : channel_(channel) {}

  /// In: what came from the client. Out: the whole requests that may go on to the target.
  void on_client(base::Bytes& bytes);
  /// In: what came from the target. Out: its whole replies, and behind them the tracker's own answers.
  void on_target(base::Bytes& bytes);
  /// Answers of its own that did not go out with a reply; they fit wherever a whole packet has ended.
  base::Bytes take_answers() { return std::exchange(answers_, {}); }
  bool has_answers() const noexcept { return !answers_.empty(); }
  /// The channel is over, and nothing more passes: reports what is under way.
  void on_end();
  /// What was completed since the last call, in order. At most some 1,300 wait: take them after each feed.
  std::vector<recorder::FileEvent> take_events() { return std::exchange(events_, {}); }
  /// Once false (a packet that is no SFTP, or a bound passed) it stays so and nothing passes any more: the caller
  /// closes the channel.
  bool following() const noexcept { return following_; }

 private:
  struct File;
  struct Pending;
  struct Refusal;

  void feed(base::Bytes& front, base::Bytes& bytes, bool from_client);
  base::Result<bool> on_packet(base::ByteView packet, bool from_client);
  base::Result<> on_greeting(base::ByteView packet, bool from_client);
  base::Result<bool> on_request(base::ByteView packet);
  std::shared_ptr<File> open_file(const std::string& handle) const;
  std::optional<Refusal> refusal_of(const SftpRequest& request) const;
  base::Result<bool> refuse(const SftpRequest& request, const Refusal& refusal);
  void accept(SftpRequest& request);
  void begin_open(SftpRequest& request, Pending& pending);
  void begin_close(File& file);
  void begin_transfer(const SftpRequest& request, File& file);
  void begin_copy(const SftpRequest& request, File& from, Pending& pending);

  base::Result<> on_reply(base::ByteView packet);
  base::Result<> on_status(Pending& request, std::uint32_t code);
  base::Result<> on_handle(Pending& request, std::string handle);
  base::Result<> on_data(Pending& request, base::ByteView data);
  void settle(File& file);
  void report(File& file);
  void report_transfer(const File& file, InOrderHash& hash, recorder::FileEvent event);
  void report_pending(Pending& request);
  recorder::FileEvent event_of(const SftpRequest& request) const;
  void lose(base::Bytes& bytes);

  recorder::ChannelNumber channel_;
  bool following_ = true;
  bool client_greeted_ = false;
  bool target_greeted_ = false;
  base::Bytes from_client_;  ///< the front of a packet that is not whole yet
  base::Bytes from_target_;
  base::Bytes answers_;
  std::size_t budget_ = InOrderHash::kMaxWaiting;
  std::size_t text_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t next_order_ = 0;
  std::uint64_t unpassed_from_ = UINT64_MAX;  ///< requests of this order and later are still in the caller's hands
  std::map<std::uint32_t, std::shared_ptr<Pending>> pending_;
  std::map<std::string, std::shared_ptr<File>> open_;
  std::vector<recorder::FileEvent> events_;
};

}  // namespace sallyport::broker
