// The face: checks what the caller gave, then lets Impl take it.
#include "sallyport/recorder/recorder.hpp"

#include "recorder_impl.hpp"

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::MonoTime;
using base::Result;

Recorder::Recorder(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Recorder::Recorder(Recorder&&) noexcept = default;
Recorder& Recorder::operator=(Recorder&&) noexcept = default;
Recorder::~Recorder() = default;

Result<Recorder> Recorder::start(RecordingStart start, base::SecretBytes data_key, Output& output,
                                 const base::Clock& clock) {
  auto impl = std::make_unique<Impl>(output, clock);
  SALLYPORT_TRYV(impl->begin(std::move(start), std::move(data_key)));
  return Recorder(std::move(impl));
}

Result<> Recorder::channel_opened(ChannelNumber channel, ChannelKind kind) {
  if (impl_->channels().find(channel) != nullptr) return fail(Errc::invalid, "the recording has that channel already");
  if (impl_->channels().size() >= kMaxOpenChannels)
    return fail(Errc::limit, "the recording has too many open channels");
  return impl_->taking([&]() -> Result<> {
    SALLYPORT_TRYV(impl_->put_one(ChunkType::events, [&](auto& out, auto delta) {
      put_opened(out, delta, {channel, kind, false});
    }));
    impl_->channels().open(channel, kind);
    return base::ok();
  });
}

Result<> Recorder::channel_closed(ChannelNumber channel, std::optional<std::uint32_t> exit_status) {
  SALLYPORT_TRY(auto open, impl_->channel(channel));
  return impl_->taking([&]() -> Result<> {
    SALLYPORT_TRYV(impl_->put_counts_of(*open));
    SALLYPORT_TRYV(impl_->put_one(ChunkType::events, [&](auto& out, auto delta) {
      put_closed(out, delta, {channel, exit_status});
    }));
    impl_->channels().close(channel);
    return base::ok();
  });
}

Result<> Recorder::output(ChannelNumber channel, base::ByteView bytes, Stream stream) {
  SALLYPORT_TRYV(impl_->channel(channel));
  return impl_->taking([&] { return impl_->put_output_pieces({channel, stream, bytes}); });
}

Result<> Recorder::resize(ChannelNumber channel, std::uint32_t columns, std::uint32_t rows) {
  SALLYPORT_TRY(auto open, impl_->channel(channel));
  return impl_->taking([&]() -> Result<> {
    SALLYPORT_TRYV(impl_->put_one(ChunkType::events, [&](auto& out, auto delta) {
      put_resize(out, delta, {channel, columns, rows});
    }));
    open->columns = columns;
    open->rows = rows;
    return base::ok();
  });
}

Result<> Recorder::exec(ChannelNumber channel, std::string_view text) {
  SALLYPORT_TRYV(impl_->channel(channel));
  if (text.size() > kMaxCommand) return fail(Errc::limit, "the command is too long to be recorded");
  return impl_->taking([&]() -> Result<> {
    SALLYPORT_TRYV(impl_->put_one(ChunkType::command, [&](auto& out, auto delta) {
      put_command(out, delta, {channel, text});
    }));
    return impl_->close_chunk();
  });
}

Result<> Recorder::file_event(const FileEvent& event) {
  SALLYPORT_TRYV(impl_->channel(event.channel));
  if (event.path.size() > kMaxPath || event.other_path.size() > kMaxPath) {
    return fail(Errc::limit, "the path is too long to be recorded");
  }
  if (event.detail.size() > kMaxDetail) return fail(Errc::limit, "the file event says too much to be recorded");
  return impl_->taking([&]() -> Result<> {
    SALLYPORT_TRYV(impl_->put_one(ChunkType::file, [&](auto& out, auto delta) { put_file(out, delta, event); }));
    impl_->note_file();
    impl_->hurry();
    return base::ok();
  });
}

Result<> Recorder::gap(GapReason reason, std::uint64_t bytes, std::string_view text) {
  return impl_->taking([&] { return impl_->put_gap(reason, bytes, text); });
}

void Recorder::count(ChannelNumber channel, Direction direction, std::uint64_t bytes) noexcept {
  impl_->count(channel, direction, bytes);
}

Extent Recorder::place() const noexcept { return impl_->place(); }
Extent Recorder::in_file() const noexcept { return impl_->in_file(); }
void Recorder::hurry() noexcept { impl_->hurry(); }
Result<Extent> Recorder::beat(ChannelNumber channel) {
  SALLYPORT_TRY(auto open, impl_->channel(channel));
  if (impl_->beats()) return Extent{0};
  if (!impl_->beat_under_way()) {
    SALLYPORT_TRYV(impl_->taking([&] { return impl_->put_beat(*open); }));
  }
  return impl_->beat_place();
}

Result<> Recorder::tick() { return impl_->tick(); }
std::optional<MonoTime> Recorder::deadline() const { return impl_->deadline(); }

std::optional<Mark> Recorder::checkpoint_wanted() { return impl_->checkpoint_wanted(); }

Result<> Recorder::checkpoint(const Mark& mark, const base::Signature& signature) {
  return impl_->put_checkpoint(mark, signature);
}

Result<Closed> Recorder::finish(EndReason reason, std::string_view text) { return impl_->finish(reason, text); }

RecorderState Recorder::state() const noexcept { return impl_->state(); }
bool Recorder::accepting() const noexcept { return impl_->accepting(); }
const std::optional<base::Error>& Recorder::failure() const noexcept { return impl_->failure(); }

}  // namespace sallyport::recorder
