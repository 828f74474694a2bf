#pragma once
// What is behind a Recorder: its state machine, and the order in which chunks, queue, syncs and checkpoints act.
#include <deque>

#include "checkpoints.hpp"
#include "sallyport/recorder/recorder.hpp"
#include "segment_writer.hpp"
#include "send_queue.hpp"

namespace sallyport::recorder {

class Recorder::Impl {
 public:
  Impl(Output& output, const base::Clock& clock)
      : clock_(clock),
        queue_(output),
        start_(clock.mono()),
        last_close_(start_ - kGather),
        last_input_(start_ - kAnswerTime),
        last_progress_(start_ - kBeat),
        last_sync_(start_) {}

  base::Result<> begin(RecordingStart start, base::SecretBytes data_key);

  /// Runs `step` where a record may be taken now; whatever fails in it fails the recording.
  template <class Step>
  base::Result<> taking(Step&& step) {
    SALLYPORT_TRYV(check_writable());
    auto done = step();
    if (done) done = push();
    if (!done) return give_up(done.error());
    return base::ok();
  }
  /// One record of any kind but output: `put(pending, delta)`. Only within taking(), like the next four.
  template <class Put>
  base::Result<> put_one(ChunkType type, Put&& put) {
    SALLYPORT_TRY(auto delta, segments_->open(type, now_ms(), queue_.tail()));
    put(segments_->pending(), delta);
    return segments_->room() == 0 ? close_chunk() : base::ok();
  }
  base::Result<> close_chunk();
  base::Result<> put_output_pieces(const OutputRecord& record);
  base::Result<> put_counts_of(OpenChannel& channel);
  base::Result<> put_beat(OpenChannel& channel);
  base::Result<> put_gap(GapReason reason, std::uint64_t bytes, std::string_view text);
  void note_file() noexcept { ++files_; }
  void count(ChannelNumber channel, Direction direction, std::uint64_t bytes) noexcept;

  Extent place() const noexcept;
  Extent in_file() const noexcept { return in_file_; }
  void hurry() noexcept { hurried_ = true; }
  /// The file took something within kBeat.
  bool beats() const { return clock_.mono() - last_progress_ < kBeat; }
  Extent beat_place() const noexcept { return beat_place_; }
  bool beat_under_way() const noexcept { return beat_place_ > in_file_; }

  base::Result<> tick();
  std::optional<base::MonoTime> deadline() const;
  std::optional<Mark> checkpoint_wanted();
  base::Result<> put_checkpoint(const Mark& mark, const base::Signature& signature);
  base::Result<Closed> finish(EndReason reason, std::string_view text);

  /// Errc::invalid unless it is open.
  base::Result<OpenChannel*> channel(ChannelNumber number);
  ChannelTable& channels() noexcept { return channels_; }
  bool accepting() const noexcept;
  RecorderState state() const noexcept { return state_; }
  const std::optional<base::Error>& failure() const noexcept { return failure_; }

 private:
  base::Result<> check_alive() const;
  base::Result<> check_writable() const;
  base::Result<> push();
  base::Result<> hear(base::MonoTime now);
  base::Result<> put_all_counts();
  base::Result<> tick_chunks();
  base::MonoTime gathered_at() const;
  base::Result<> sync(bool at_once);
  base::Result<> seal_end(EndReason reason, std::string_view text);
  base::Error give_up(const base::Error& error);
  void set_state(RecorderState state);
  std::uint64_t now_ms();
  base::MonoTime at(std::uint64_t ms) const { return start_ + base::Milliseconds(static_cast<std::int64_t>(ms)); }

  const base::Clock& clock_;
  SendQueue queue_;
  ChannelTable channels_;
  std::optional<SegmentWriter> segments_;  ///< gone, with its keys, once the recording failed or has ended
  Checkpoints checkpoints_;
  std::optional<base::Error> failure_;
  RecorderState state_ = RecorderState::starting;
  base::MonoTime start_;
  std::uint64_t last_ms_ = 0;         ///< so that time never falls
  std::uint64_t last_output_ms_ = 0;  ///< where a GAP begins
  base::MonoTime last_close_;         ///< of a chunk of records
  base::MonoTime last_input_;
  base::MonoTime last_progress_;  ///< the Output wrote something
  bool hurried_ = false;
  /// Chunks on their way into the file: so many chunks are in it when so many bytes are.
  struct OnTheWay {
    Extent chunks;
    std::uint64_t bytes;
  };
  std::deque<OnTheWay> on_the_way_;  ///< bounded by the queue: one entry for some chunk in it
  Extent in_file_ = 0;
  Extent beat_place_ = 0;
  base::MonoTime last_counts_ = start_;
  base::MonoTime last_sync_;
  std::optional<std::pair<base::MonoTime, Mark>> syncing_;  ///< a sync under way: since when, and what it makes durable
  bool unsynced_ = false;
  std::uint64_t noted_content_ = 0;  ///< the last chunk of records that Checkpoints knows
  std::uint64_t files_ = 0;
  std::uint64_t gaps_ = 0;
  std::optional<Closed> end_;
};

}  // namespace sallyport::recorder
