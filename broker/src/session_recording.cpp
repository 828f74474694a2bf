// The recording of one connection: begun before the target hears anything, fed by the loop, closed last.
#include "session_loop.hpp"

namespace sallyport::broker {
namespace {

constexpr const char* kNotRecorded = "This session was not started because it cannot be recorded.";

}  // namespace

void SshSession::Impl::on_message(Resources& resources) {
  if (state_ != State::awaiting_resources) return;
  target_socket_ = std::move(resources.target);
  context_.disk->open(std::move(resources.recording));
  recorder::RecordingStart start{grant_->session, std::move(grant_->wrapped_recording_key),
                                 std::move(grant_->recipients), std::move(grant_->recording_meta)};
  auto recorder =
      recorder::Recorder::start(std::move(start), std::move(grant_->recording_key), *context_.disk, context_.clock);
  if (!recorder) return refuse_session(kNotRecorded);
  context_.recording = std::move(recorder).value();
  state_ = State::starting_recording;
  state_until_ = base::MonoTime{};  // the recorder has a bound of its own
}

/// The target hears nothing before there is a recording that it can stand in, and nothing is known to say to it.
void SshSession::Impl::step_recording() {
  if (!context_.recorder().tick()) {
    context_.recording.reset();
    return refuse_session(kNotRecorded);
  }
  if (context_.recorder().state() != recorder::RecorderState::recording) return;
  recording_begun_ = true;
  state_ = State::awaiting_credential;
  credential_ = context_.ask(CredentialRequest{});
}

void SshSession::Impl::on_credential(Answer& answer) {
  if (!answer) return refuse_session(answer.error().context());
  if (!std::holds_alternative<TargetCredential>(answer.value())) return refuse_session("The vault gave no answer.");
  connect_target(std::move(std::get<TargetCredential>(answer.value())));
}

int SshSession::Impl::on_disk(socket_t, int, void* self) {
  auto& impl = *static_cast<Impl*>(self);
  impl.context_.disk->hear();
  impl.disk_speaks_ = true;
  return 0;
}

void SshSession::Impl::serve_recording() {
  auto& recorder = context_.recorder();
  if (!recorder.tick() || recorder.state() == recorder::RecorderState::failed) {
    return context_.end(recorder::EndReason::error, kCannotRecord);
  }
  if (checkpoint_) return;
  const auto mark = recorder.checkpoint_wanted();
  if (!mark) return;
  checkpoint_mark_ = *mark;
  checkpoint_ = context_.ask(CheckpointRequest{*mark});
}

void SshSession::Impl::on_checkpoint(Answer& answer) {
  if (!answer || !std::holds_alternative<CheckpointSigned>(answer.value())) return;
  const auto& signature = std::get<CheckpointSigned>(answer.value()).signature;
  (void)context_.recorded(context_.recorder().checkpoint(checkpoint_mark_, signature));
}

SessionOver SshSession::Impl::close_recording() {
  SessionOver over{context_.ending->reason, context_.ending->sentence, std::nullopt, std::nullopt, recording_begun_};
  if (!context_.recording) return over;
  auto& recorder = context_.recorder();
  for (;;) {
    auto closed = recorder.finish(over.reason, over.sentence.substr(0, recorder::kMaxSentence));
    if (closed) {
      over.end_mark = closed.value().end;
      over.totals = closed.value().totals;
      return over;
    }
    if (closed.error().code() != base::Errc::timed_out || recorder.state() == recorder::RecorderState::failed)
      return over;
    (void)ssh_event_dopoll(event_.get(), 20);
  }
}

}  // namespace sallyport::broker
