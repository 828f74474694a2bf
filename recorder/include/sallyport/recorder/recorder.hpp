#pragma once
// Writes one session's recording. A value without threads or sockets: the session's poll loop calls it.
//
// Rule for callers: record first, then pass on, and not before in_file() has come to what place() was after recording.
// Every call that fails means that nothing may be passed on; after State::failed the session has to end, and what waits
// for in_file() waits for ever. Ask accepting() before reading from a channel: false means stop reading, and the peer's
// window does the rest.
//
// What is recorded goes to the Output at the next tick() that finds the Output idle, so a disk that is slow gets few
// and large chunks. What a program prints by itself is gathered for kGather; what follows upon input is not.
#include <memory>
#include <optional>
#include <string_view>

#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/recorder/output.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::recorder {

inline constexpr std::size_t kQueueLimit = 4U << 20U;  ///< bytes that wait for the Output
inline constexpr base::Milliseconds kBlockedLimit{5000};
inline constexpr base::Milliseconds kGather{50};       ///< between chunks of output that nobody asked for just now
inline constexpr base::Milliseconds kAnswerTime{100};  ///< after input: what comes now is likely its answer
inline constexpr base::Milliseconds kBeat{1000};       ///< input passes for so long after the file took something
inline constexpr std::size_t kChunkFill = 64U << 10U;
inline constexpr base::Milliseconds kSyncInterval{1000};
inline constexpr base::Milliseconds kCheckpointInterval{10000};
inline constexpr base::Milliseconds kSegmentAge{60000};
inline constexpr base::Milliseconds kSegmentSilence{30000};
inline constexpr std::size_t kSegmentFill = 4U << 20U;
inline constexpr std::size_t kMaxOpenChannels = 64;

/// How far a recording goes, in chunks from its start.
using Extent = std::uint64_t;

/// starting -> recording: header and META are durable. recording -> blocked: the Output took nothing while bytes wait.
/// blocked -> recording: it took them. Nothing written while bytes wait, or syncing, for 5 s, or any error of the
/// Output
/// -> failed. finish() -> ended. failed and ended are final.
enum class RecorderState : unsigned char { starting, recording, blocked, failed, ended };
std::string_view to_string(RecorderState state) noexcept;

/// What a recording starts with. The grant of the session brings it.
struct RecordingStart {
  base::SessionId session;
  base::Bytes wrapped_key;            ///< the data key as the vault wrapped it
  std::vector<Recipient> recipients;  ///< may be empty
  Meta meta;
};

/// What finish() gives to the audit log.
struct Closed {
  Mark end;  ///< END's own place in the chain
  Totals totals;
};

/// Not thread-safe; movable. `output` and `clock` outlive it. Destroying it without finish() leaves a recording that
/// verifies as truncated.
class Recorder {
 public:
  /// Hands header and META to the Output. A session that cannot be recorded never begins: nothing of it may pass while
  /// this is State::starting (call tick() as for any other wait). Takes the 32-byte data key and wipes it.
  /// Errc::invalid for fields over their bounds.
  static base::Result<Recorder> start(RecordingStart start, base::SecretBytes data_key, Output& output,
                                      const base::Clock& clock);

  Recorder(Recorder&&) noexcept;
  Recorder& operator=(Recorder&&) noexcept;
  ~Recorder();

  // Each of these fails with Errc::unavailable when the recording failed or has ended, with Errc::limit (nothing taken)
  // when it has not begun, the queue is full or a bound is passed, with Errc::invalid for a channel that is not open.

  base::Result<> channel_opened(ChannelNumber channel, ChannelKind kind);
  base::Result<> channel_closed(ChannelNumber channel, std::optional<std::uint32_t> exit_status = std::nullopt);
  /// Output of the target to the client. Counted, too.
  base::Result<> output(ChannelNumber channel, base::ByteView bytes, Stream stream = Stream::out);
  base::Result<> resize(ChannelNumber channel, std::uint32_t columns, std::uint32_t rows);
  /// The text of an exec or subsystem request, before it is sent on. In the file at once.
  base::Result<> exec(ChannelNumber channel, std::string_view text);
  base::Result<> file_event(const FileEvent& event);
  /// A hole that policy allows. Makes a checkpoint due at once.
  base::Result<> gap(GapReason reason, std::uint64_t bytes, std::string_view text);

  /// Bytes that are counted and not kept: all input, and the bulk of sftp and scp. Some nanoseconds; never fails (an
  /// unknown channel counts for the session only).
  void count(ChannelNumber channel, Direction direction, std::uint64_t bytes) noexcept;

  /// All that was recorded so far is in the file once in_file() has come to this.
  Extent place() const noexcept;
  /// As of the last call of tick() or of one that records.
  Extent in_file() const noexcept;
  /// What was recorded is not gathered further: somebody waits for it.
  void hurry() noexcept;
  /// Before input is passed on to the target, or a request that acts there: the place that it has to wait for. 0 if the
  /// file took something within kBeat; otherwise that of the channel's counts, which are recorded, hurried, for that.
  base::Result<Extent> beat(ChannelNumber channel);

  /// Hears how far the Output has come, closes a chunk that is due, pushes the queue, syncs, watches the 5 s. Call
  /// after recording, when the Output wakes the caller, and when deadline() has come.
  base::Result<> tick();
  /// When tick() is next needed, if the Output does not ask for it earlier; nothing while all is written and no one is
  /// active.
  std::optional<base::MonoTime> deadline() const;

  /// A checkpoint to be signed, each at most once: send checkpoint_message(session, mark) fields to the vault, and call
  /// checkpoint() with its answer, whenever it comes. An unanswered one is followed by a newer one.
  std::optional<Mark> checkpoint_wanted();
  base::Result<> checkpoint(const Mark& mark, const base::Signature& signature);

  /// Writes END and syncs. Errc::timed_out while the Output does not take it all: call again (the 5 s run on).
  base::Result<Closed> finish(EndReason reason, std::string_view text = {});

  RecorderState state() const noexcept;
  /// Whether more may be read from channels now.
  bool accepting() const noexcept;
  /// Why it failed; only in State::failed.
  const std::optional<base::Error>& failure() const noexcept;

 private:
  class Impl;
  explicit Recorder(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::recorder
