// What passes through a ChannelPair is seen first: recorded, and followed where it moves files.
#include "channel_pair.hpp"

namespace sallyport::broker {

/// Bytes of a file transfer wait for all that they made known.
std::optional<recorder::Extent> ChannelPair::passage_of_input(base::Bytes& bytes) {
  const auto beat = context_.recorder().beat(number_);
  if (!beat) {
    (void)context_.recorded(beat.error());
    return std::nullopt;
  }
  if (!inspect_input(bytes)) return std::nullopt;
  return follows_files() ? context_.recorder().place() : beat.value();
}

std::optional<recorder::Extent> ChannelPair::passage_of(bool inspected) const {
  return inspected ? std::optional(context_.recorder().place()) : std::nullopt;
}

/// What is not recorded itself may reach the target while its effects could be.
bool ChannelPair::may_act() {
  if (!announced_ || reported_end_) return true;
  const auto beat = context_.recorder().beat(number_);
  return beat ? context_.in_file(beat.value()) : context_.recorded(beat.error());
}

bool ChannelPair::inspect_input(base::Bytes& bytes) {
  // A client that lets answers wait, and asks on, fills nothing here.
  if (answers() && !input_tracked_) return false;
  if (follows_files() && !track(bytes, true, input_tracked_)) return false;
  context_.recorder().count(number_, recorder::Direction::to_target, bytes.size());
  return true;
}

bool ChannelPair::inspect_output(base::Bytes& bytes) {
  if (!follows_files()) return context_.recorded(context_.recorder().output(number_, bytes));
  if (!track(bytes, false, output_tracked_)) return false;
  context_.recorder().count(number_, recorder::Direction::to_client, bytes.size());
  return true;
}

bool ChannelPair::inspect_error(base::ByteView bytes) {
  return context_.recorded(context_.recorder().output(number_, bytes, recorder::Stream::err));
}

/// False while an event of these bytes could not be recorded, or when they are not understood: then they never pass.
bool ChannelPair::track(base::Bytes& bytes, bool from_client, bool& tracked) {
  if (!tracked) {
    if (sftp_) from_client ? sftp_->on_client(bytes) : sftp_->on_target(bytes);
    if (scp_) from_client ? scp_->on_client(bytes) : scp_->on_target(bytes);
    // Where nothing of them is left they are gone, and are not shown again.
    tracked = !bytes.empty();
  }
  if (!keep_track()) return false;
  tracked = false;
  return true;
}

/// What the tracker has to say comes first. False while that could not be recorded, and when it lost the thread.
bool ChannelPair::keep_track() {
  if (!flush_events()) return false;
  if ((!sftp_ || sftp_->following()) && (!scp_ || scp_->following())) return true;
  lose_track();
  return false;
}

void ChannelPair::lose_track() {
  if (state_ != State::running) return;
  context_.tell(RequestDenied{"file transfer that cannot be followed", sftp_ ? "sftp" : "scp", true});
  state_ = State::closing;
  if (!client_.closed) say("This transfer was stopped because the broker could not follow it.");
}

/// The stream to the client holds whole packets only, so they fit where it is empty.
void ChannelPair::send_answers() {
  if (answers() && output_.sent()) output_.add(sftp_->take_answers(), context_.recorder().place());
}

bool ChannelPair::flush_events() {
  std::vector<recorder::FileEvent> fresh;
  if (sftp_) fresh = sftp_->take_events();
  if (scp_) fresh = scp_->take_events();
  unrecorded_.insert(unrecorded_.end(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
  while (!unrecorded_.empty()) {
    if (!context_.may_tell()) return false;
    context_.redact(unrecorded_.front());
    const auto done = context_.recorder().file_event(unrecorded_.front());
    // What a recording cannot hold, because it failed or for its size, stands in the audit log at least.
    if (!context_.recorded(done) && done.error().code() == base::Errc::limit && !context_.recorder().accepting())
      return false;
    context_.tell(FileSeen{std::move(unrecorded_.front())});
    unrecorded_.erase(unrecorded_.begin());
  }
  return true;
}

}  // namespace sallyport::broker
