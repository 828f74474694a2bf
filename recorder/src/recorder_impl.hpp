#pragma once
// What is behind a Recorder: its state machine, and the order in which chunks, queue, syncs and checkpoints act.
#include "checkpoints.hpp"
#include "sallyport/recorder/recorder.hpp"
#include "segment_writer.hpp"
#include "send_queue.hpp"

namespace sallyport::recorder {

class Recorder::Impl {
 public:
  Impl(Output& output, const base::Clock& clock)
      : clock_(clock), queue_(output), start_(clock.mono()), last_sync_(start_) {}

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
  base::Result<> close_chunk() { return segments_->close(queue_.tail()); }
  base::Result<> put_output_pieces(const OutputRecord& record);
  base::Result<> put_counts_of(OpenChannel& channel);
  base::Result<> put_gap(GapReason reason, std::uint64_t bytes, std::string_view text);
  void note_file() noexcept { ++files_; }

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
  std::uint64_t written() const noexcept { return queue_.written(); }

 private:
  base::Result<> check_alive() const;
  base::Result<> check_writable() const;
  base::Result<> push();
  base::Result<> put_all_counts();
  base::Result<> tick_chunks();
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
