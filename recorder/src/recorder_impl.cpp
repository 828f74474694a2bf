#include "recorder_impl.hpp"

#include <algorithm>

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::MonoTime;
using base::Result;

namespace {

constexpr base::Milliseconds kCountsInterval{10000};

}  // namespace

// --- state -----------------------------------------------------------------------------------------------------------

void Recorder::Impl::set_state(RecorderState state) {
  state_ = state;
  if (state == RecorderState::failed || state == RecorderState::ended) segments_.reset();
}

base::Error Recorder::Impl::give_up(const base::Error& error) {
  if (!failure_) failure_ = error;
  set_state(RecorderState::failed);
  return *failure_;
}

Result<> Recorder::Impl::check_alive() const {
  if (state_ == RecorderState::failed) return *failure_;
  if (state_ == RecorderState::ended || end_) return fail(Errc::unavailable, "the recording has ended");
  return base::ok();
}

Result<> Recorder::Impl::check_writable() const {
  SALLYPORT_TRYV(check_alive());
  if (state_ == RecorderState::starting) return fail(Errc::limit, "the recording has not begun");
  if (queue_.waiting() >= kQueueLimit) return fail(Errc::limit, "the recording's queue is full");
  return base::ok();
}

Result<> Recorder::Impl::push() {
  const MonoTime now = clock_.mono();
  if (queue_.waiting() > 0) unsynced_ = true;
  if (const auto last = segments_->last_content(); last > noted_content_) {
    noted_content_ = last;
    checkpoints_.on_content(last, now, false);
  }
  if (const Extent sealed = segments_->chunks().chunks(); on_the_way_.empty() || sealed > on_the_way_.back().chunks) {
    if (sealed > in_file_) on_the_way_.push_back({sealed, queue_.total()});
  }
  SALLYPORT_TRYV(queue_.push(now));
  SALLYPORT_TRYV(hear(now));
  if (state_ == RecorderState::starting) return base::ok();
  set_state(queue_.waiting() > 0 ? RecorderState::blocked : RecorderState::recording);
  return base::ok();
}

Result<> Recorder::Impl::hear(MonoTime now) {
  SALLYPORT_TRY(const auto progressed, queue_.hear(now));
  if (progressed) last_progress_ = now;
  while (!on_the_way_.empty() && on_the_way_.front().bytes <= queue_.written()) {
    in_file_ = on_the_way_.front().chunks;
    on_the_way_.pop_front();
  }
  const auto since = queue_.stuck_since();
  if (!since || now - *since < kBlockedLimit) return base::ok();
  return fail(Errc::timed_out, "the recording could not be written for 5 seconds");
}

std::uint64_t Recorder::Impl::now_ms() {
  const auto passed = static_cast<std::uint64_t>(std::max<std::int64_t>((clock_.mono() - start_).count(), 0));
  last_ms_ = std::max(last_ms_, passed);
  return last_ms_;
}

// --- records ---------------------------------------------------------------------------------------------------------

Result<> Recorder::Impl::begin(RecordingStart start, base::SecretBytes data_key) {
  if (data_key.size() != base::kKeySize) return fail(Errc::invalid, "a recording's data key has 32 bytes");
  FileHeader header{{start.session, clock_.wall(), std::move(start.wrapped_key), std::move(start.recipients)}, {}};
  base::random_bytes(header.salt);
  SALLYPORT_TRY(auto bytes, encode_header(header, data_key));
  SALLYPORT_TRY(auto meta, encode_meta(start.meta));
  segments_.emplace(ChunkWriter(header.salt, bytes, std::move(data_key)), channels_);
  queue_.tail() = std::move(bytes);
  SALLYPORT_TRYV(segments_->single(ChunkType::meta, 0, meta, queue_.tail()));
  SALLYPORT_TRYV(push());
  return sync(true);
}

Result<> Recorder::Impl::close_chunk() {
  if (!segments_->pending_since()) return base::ok();
  last_close_ = clock_.mono();
  hurried_ = false;
  return segments_->close(queue_.tail());
}

Extent Recorder::Impl::place() const noexcept {
  if (!segments_) return ~Extent{0};  // nothing more comes into this file
  return segments_->chunks().chunks() + (segments_->pending_since() ? 1 : 0);
}

void Recorder::Impl::count(ChannelNumber channel, Direction direction, std::uint64_t bytes) noexcept {
  channels_.count(channel, direction, bytes);
  if (direction == Direction::to_target) last_input_ = clock_.mono();
}

Result<OpenChannel*> Recorder::Impl::channel(ChannelNumber number) {
  SALLYPORT_TRYV(check_alive());
  OpenChannel* found = channels_.find(number);
  if (found == nullptr) return fail(Errc::invalid, "the recording has no open channel of that number");
  return found;
}

Result<> Recorder::Impl::put_output_pieces(const OutputRecord& record) {
  auto rest = record.bytes;
  while (!rest.empty()) {
    SALLYPORT_TRY(auto delta, segments_->open(ChunkType::events, now_ms(), queue_.tail()));
    const auto piece = rest.first(std::min(rest.size(), segments_->room()));
    put_output(segments_->pending(), delta, {record.channel, record.stream, piece});
    rest = rest.subspan(piece.size());
    if (segments_->room() == 0) {
      SALLYPORT_TRYV(close_chunk());
    }
  }
  last_output_ms_ = last_ms_;
  channels_.count(record.channel, Direction::to_client, record.bytes.size());
  return base::ok();
}

Result<> Recorder::Impl::put_counts_of(OpenChannel& channel) {
  if (!channel.counted) return base::ok();
  channel.counted = false;
  const CountsRecord record{channel.number, channel.to_target, channel.to_client};
  return put_one(ChunkType::events, [&](auto& out, auto delta) { put_counts(out, delta, record); });
}

/// As good as any record: it takes its place behind all that was recorded before, and is something that was not known.
Result<> Recorder::Impl::put_beat(OpenChannel& channel) {
  channel.counted = true;
  SALLYPORT_TRYV(put_counts_of(channel));
  hurry();
  beat_place_ = place();
  return base::ok();
}

Result<> Recorder::Impl::put_all_counts() {
  last_counts_ = clock_.mono();
  for (auto& channel : channels_.all()) {
    SALLYPORT_TRYV(put_counts_of(channel));
  }
  return base::ok();
}

Result<> Recorder::Impl::put_gap(GapReason reason, std::uint64_t bytes, std::string_view text) {
  SALLYPORT_TRYV(close_chunk());
  const GapRecord record{last_output_ms_, now_ms(), bytes, reason, std::string(text)};
  SALLYPORT_TRYV(segments_->single(ChunkType::gap, record.to_ms, encode_gap(record), queue_.tail()));
  ++gaps_;
  checkpoints_.on_content(segments_->chunks().last().sequence, clock_.mono(), true);
  SALLYPORT_TRYV(push());
  return sync(true);
}

// --- time ------------------------------------------------------------------------------------------------------------

Result<> Recorder::Impl::tick() {
  if (state_ == RecorderState::ended) return base::ok();
  if (state_ == RecorderState::failed) return *failure_;
  auto done = hear(clock_.mono());
  if (done && !end_) done = tick_chunks();
  if (done) done = push();
  if (done) done = sync(state_ == RecorderState::starting);
  if (!done) return give_up(done.error());
  return base::ok();
}

Result<> Recorder::Impl::tick_chunks() {
  const MonoTime now = clock_.mono();
  if (channels_.counted() && now - last_counts_ >= kCountsInterval) {
    SALLYPORT_TRYV(put_all_counts());
  }
  // While the Output is busy more comes together, and costs no time.
  if (segments_->pending_since() && queue_.idle() && now >= gathered_at()) {
    SALLYPORT_TRYV(close_chunk());
  }
  if (const auto rest = segments_->rest_at(); rest && now >= at(*rest)) {
    SALLYPORT_TRYV(close_chunk());
    SALLYPORT_TRYV(segments_->rest(queue_.tail()));
  }
  return base::ok();
}

MonoTime Recorder::Impl::gathered_at() const {
  if (hurried_) return last_close_;
  return clock_.mono() - last_input_ < kAnswerTime ? last_close_ : last_close_ + kGather;
}

/// Syncs when it is time (or now) and the Output has taken everything.
Result<> Recorder::Impl::sync(bool at_once) {
  const MonoTime now = clock_.mono();
  if (!syncing_) {
    if (!unsynced_ || queue_.waiting() > 0 || (!at_once && now - last_sync_ < kSyncInterval)) return base::ok();
    last_sync_ = now;
    unsynced_ = false;
    syncing_.emplace(now, end_ ? end_->end : segments_->chunks().last());
  }
  SALLYPORT_TRY(auto durable, queue_.sync());
  if (durable) {
    checkpoints_.on_durable(syncing_->second);
    syncing_.reset();
    // The first sync is of header and META.
    if (state_ == RecorderState::starting) set_state(RecorderState::recording);
  } else if (now - syncing_->first >= kBlockedLimit) {
    return fail(Errc::timed_out, "the recording could not be made durable for 5 seconds");
  }
  return base::ok();
}

std::optional<MonoTime> Recorder::Impl::deadline() const {
  if (state_ == RecorderState::failed || state_ == RecorderState::ended) return std::nullopt;
  const MonoTime now = clock_.mono();
  std::optional<MonoTime> first;
  const auto consider = [&first](MonoTime time) { first = first ? std::min(*first, time) : time; };
  // An Output that has put something off wakes the caller itself; what is left to watch is how long it takes.
  if (const auto since = queue_.stuck_since()) consider(*since + kBlockedLimit);
  if (syncing_) consider(syncing_->first + kBlockedLimit);
  if (unsynced_ && !syncing_ && queue_.waiting() == 0) consider(last_sync_ + kSyncInterval);
  if (end_) return first;
  if (segments_->pending_since() && queue_.idle()) consider(gathered_at());
  if (const auto rest = segments_->rest_at()) consider(at(*rest));
  if (channels_.counted()) consider(last_counts_ + kCountsInterval);
  // Once it is due it waits for a sync, which has its own time.
  if (const auto due = checkpoints_.due(); due && *due > now) consider(*due);
  return first;
}

Result<> Recorder::Impl::put_checkpoint(const Mark& mark, const base::Signature& signature) {
  SALLYPORT_TRYV(check_alive());
  if (!checkpoints_.answer(mark)) return fail(Errc::invalid, "that checkpoint was not asked for");
  // Too late to be of use: verify() looks back only so far, and a newer one has been asked for.
  if (segments_->chunks().chunks() - mark.sequence > kCheckpointReach) return base::ok();
  return taking([&]() -> Result<> {
    SALLYPORT_TRYV(close_chunk());
    return segments_->single(ChunkType::checkpoint, now_ms(), encode_checkpoint({mark, signature}), queue_.tail());
  });
}

// --- end -------------------------------------------------------------------------------------------------------------

Result<> Recorder::Impl::seal_end(EndReason reason, std::string_view text) {
  SALLYPORT_TRYV(put_all_counts());
  SALLYPORT_TRYV(close_chunk());
  Totals totals{segments_->chunks().chunks(), now_ms(), channels_.to_client(),
                channels_.to_target(),        files_,   gaps_,
                segments_->chunks().root(),   reason,   std::string(text.substr(0, kMaxSentence))};
  SALLYPORT_TRYV(segments_->single(ChunkType::end, totals.duration_ms, encode_end(totals), queue_.tail()));
  end_ = Closed{segments_->chunks().last(), std::move(totals)};
  return base::ok();
}

Result<Closed> Recorder::Impl::finish(EndReason reason, std::string_view text) {
  if (state_ == RecorderState::failed) return *failure_;
  if (state_ == RecorderState::ended) return *end_;
  auto done = end_ ? base::ok() : seal_end(reason, text);
  if (done) done = push();
  if (done) done = sync(true);
  if (done && !syncing_) done = sync(true);  // that was one from before END: the next begins at once
  if (!done) return give_up(done.error());
  if (queue_.waiting() > 0 || unsynced_ || syncing_)
    return fail(Errc::timed_out, "the recording's end is not on the disk yet");
  set_state(RecorderState::ended);
  return *end_;
}

std::optional<Mark> Recorder::Impl::checkpoint_wanted() {
  if (!check_alive()) return std::nullopt;
  return checkpoints_.wanted(clock_.mono());
}

bool Recorder::Impl::accepting() const noexcept {
  const bool alive = state_ == RecorderState::recording || state_ == RecorderState::blocked;
  return alive && !end_ && queue_.waiting() < kQueueLimit;
}

}  // namespace sallyport::recorder
