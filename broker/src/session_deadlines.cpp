// How long the loop of a session may sleep, and what has waited too long.
#include <malloc.h>

#include <algorithm>

#include "session_loop.hpp"

namespace sallyport::broker {
namespace {

/// What the authority is owed, and warnings, are looked at as often.
constexpr base::Milliseconds kLongestSleep{1000};

}  // namespace

/// Nothing comes: what the last burst, or the login, left free goes back to the system.
void SshSession::Impl::rest() {
  if (std::exchange(trimmed_, true)) return;
  (void)::malloc_trim(0);
}

base::Milliseconds SshSession::Impl::patience() {
  const auto now = context_.clock.mono();
  auto wake = now + kLongestSleep;
  if (state_until_ != base::MonoTime{}) wake = std::min(wake, state_until_);
  for (const auto* asked : {&proof_, &open_, &credential_, &checkpoint_}) {
    if (*asked) wake = std::min(wake, (*asked)->until);
  }
  if (context_.recording) {
    if (const auto due = context_.recorder().deadline()) wake = std::min(wake, *due);
  }
  if (state_ == State::serving) wake = std::min(wake, next_limit());
  return std::max(wake - now, base::Milliseconds{0});
}

/// The first moment at which watch_deadlines() may find something in a session that is served.
base::MonoTime SshSession::Impl::next_limit() const {
  const auto interval = context_.bounds.keepalive_interval;
  auto limit = std::min(context_.client->next_keep_alive(interval), context_.target->next_keep_alive(interval));
  if (session_until_ != base::MonoTime{}) limit = std::min(limit, session_until_);
  if (max_idle_.count() > 0) limit = std::min(limit, context_.last_activity + max_idle_);
  return limit;
}

void SshSession::Impl::watch_deadlines() {
  const auto now = context_.clock.mono();
  const auto& bounds = context_.bounds;
  for (const auto* asked : {&proof_, &open_, &credential_, &checkpoint_}) {
    if (*asked && now >= (*asked)->until) context_.end(recorder::EndReason::vault_lost, kVaultLost);
  }
  for (const auto& channel : channels_) {
    if (channel.waits_too_long(now)) context_.end(recorder::EndReason::vault_lost, kVaultLost);
  }
  if (state_until_ != base::MonoTime{} && now >= state_until_) {
    if (state_ == State::connecting) return refuse_session("The target did not answer in time.");
    if (state_ == State::awaiting_resources) return refuse_session("The session could not be prepared in time.");
    if (state_ == State::refusing) return context_.end(recorder::EndReason::error, refusal_);
    context_.end(recorder::EndReason::limit, "The time to log in is over.");
  }
  if (state_ != State::serving) return;
  if (session_until_ != base::MonoTime{} && now >= session_until_) {
    context_.end(recorder::EndReason::limit, "This session was ended because its time is over.");
  }
  if (max_idle_.count() > 0 && now - context_.last_activity >= max_idle_) {
    context_.end(recorder::EndReason::limit, "This session was ended because nothing happened for too long.");
  }
  if (!context_.client->keep_alive(now, bounds.keepalive_interval, bounds.keepalive_max)) {
    context_.end(recorder::EndReason::closed, "The client does not answer any more.");
  }
  if (!context_.target->keep_alive(now, bounds.keepalive_interval, bounds.keepalive_max)) {
    context_.end(recorder::EndReason::closed, "The target does not answer any more.");
  }
}

}  // namespace sallyport::broker
