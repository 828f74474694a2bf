// The end of a session: what is still delivered, recorded and said.
#include <algorithm>

#include "farewell.hpp"
#include "session_loop.hpp"

namespace sallyport::broker {
namespace {

constexpr base::Milliseconds kRestTime{10000};  ///< when the target hung up: nobody waits for this to end
constexpr base::Milliseconds kFarewellTime{1000};

}  // namespace

void SshSession::Impl::finish() {
  if (state_ == State::serving) cut_target();
  deliver_rest();
  for (auto& channel : channels_) {
    while (!channel.abandon()) await_recorder();
  }
  if (granted_) {
    const auto over = close_recording();
    (void)context_.authority.tell(over);
  }
  held_proof_.reset();
  early_opens_.clear();
  const bool client_left = !context_.client->connected();
  (void)ssh_event_dopoll(event_.get(), 0);  // libssh writes at once only where it has just been told that it may
  for (int i = 0; i < 20 && !client_left && !context_.client->flushed(); ++i) (void)ssh_event_dopoll(event_.get(), 50);
  const Farewell farewell(ssh_get_fd(context_.client->get()));
  (void)ssh_event_remove_session(event_.get(), context_.client->get());
  context_.client->disconnect(context_.ending->sentence);
  if (context_.target) {
    if (target_watched_) (void)ssh_event_remove_session(event_.get(), context_.target->get());
    context_.target->disconnect({});
  }
  if (!client_left) farewell.wait(kFarewellTime);
  state_ = State::over;
}

/// A recorder that stays busy for its five seconds has failed, and then nobody waits for it.
void SshSession::Impl::await_recorder() {
  if (context_.recorder().tick()) (void)ssh_event_dopoll(event_.get(), 20);
}

/// Whatever the client still gets to read: at the target the session is over now. A target that hung up has cut itself
/// off, and what it left behind is still read; a client that left needs no hurry, and the target gets a goodbye.
void SshSession::Impl::cut_target() {
  const bool recorded = context_.recorder().state() != recorder::RecorderState::failed;
  context_.takes_rest = recorded && context_.target->leaves_rest();
  const bool client_left = context_.ending->reason == recorder::EndReason::closed && !context_.client->connected();
  if (context_.takes_rest || client_left) return;
  (void)ssh_event_remove_session(event_.get(), context_.target->get());
  target_watched_ = false;
  context_.target->cut();
}

/// What was taken from the target and not yet read by the client is recorded and goes out, then the sentence.
void SshSession::Impl::deliver_rest() {
  if (state_ != State::serving || !context_.client->connected()) return;
  for (auto& channel : channels_) channel.last_words(context_.ending->sentence);
  const auto until = context_.clock.mono() + (context_.takes_rest ? kRestTime : context_.bounds.delivery_time);
  const auto settled = [](const ChannelPair& channel) { return channel.settled(); };
  while (context_.client->connected() && context_.clock.mono() < until) {
    if (!context_.recorder().tick()) {
      context_.takes_rest = false;
      for (auto& channel : channels_) channel.recording_failed();
    }
    for (auto& channel : channels_) channel.serve_last();
    (void)context_.recorder().tick();
    if (std::all_of(channels_.begin(), channels_.end(), settled) && context_.client->flushed()) return;
    (void)ssh_event_dopoll(event_.get(), 20);
  }
}

}  // namespace sallyport::broker
