// What the child of a granted SSH session tells: events, checkpoints of its recording, its end.
#include <algorithm>
#include <array>

#include "deciding_again.hpp"
#include "handler.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/broker/connection_limits.hpp"
#include "sallyport/recorder/container.hpp"
#include "sallyport/vault/account.hpp"
#include "sallyport/vault/secret.hpp"
#include "sallyport/vault/session.hpp"
#include "session_action.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

Connection& speak_for(Context& context) {
  auto& connection = context.connection();
  context.source = connection.source;
  context.place = broker::source_key(connection.source);
  const auto& name = connection.flow.user_name();
  context.actor = connection.flow.user() ? "user:" + name : "ssh";
  if (!name.empty()) context.object = "user:" + name;
  return connection;
}

namespace {

Result<LiveSession*> live_of(Context& context) {
  auto& connection = speak_for(context);
  if (!connection.live || connection.live->closed) return fail(Errc::conflict, "the session has ended");
  context.object = "session:" + connection.live->id.text();
  context.rule = "allow.process";
  return &*connection.live;
}

/// A child of ours lets nothing pass before its recording has begun, so it asks and tells of nothing that would. One
/// that does is not of our mind any more: it loses its connection.
Result<> recording_has_begun(Context& context, const LiveSession& live) {
  SALLYPORT_TRY(const auto session, vault::get_session(context.sql(), live.id));
  if (session.recording != vault::RecordingState::none) return base::ok();
  context.then = Outgoing::Then::close;
  context.rule = "deny.permit_table";
  base::log(base::LogLevel::error, "peer.violation",
            {{"kind", "session"}, {"asked", std::string(context.operation.name)}, {"session", live.id.text()}});
  return fail(Errc::denied, "the recording of this session has not begun");
}

/// What is told of refusals alone may come before the recording.
bool needs_recording(SessionAction action) { return action != SessionAction::channel_denied; }

Result<Record> session_event(Context& context, Record& input) {
  constexpr std::uint32_t kEventsASecond = 5000;  // the child holds itself to 2000, by waiting
  SALLYPORT_TRY(auto* live, live_of(context));
  if (context.now.mono - live->events_since >= base::Seconds{1}) {
    live->events_since = context.now.mono;
    live->events = 0;
  }
  context.quiet = true;
  bool begun = false;
  for (const auto& event : input.list("events")) {
    const auto action = parse_session_action(event.text("action"));
    if (!action) {
      context.then = Outgoing::Then::close;  // no child of ours says this
      return fail(Errc::invalid, "a session has no event of that name");
    }
    if (needs_recording(*action) && !std::exchange(begun, true)) {
      SALLYPORT_TRYV(recording_has_begun(context, *live));
    }
    if (++live->events > kEventsASecond) return fail(Errc::limit, "too many events at once");
    context.event(audit_action(*action), context.object,
                  event.flag("denied") ? audit::Outcome::denied : audit::Outcome::ok,
                  std::string(base::as_text(event.bytes("detail"))));
  }
  return answer(context);
}

/// Asked for each channel, on an old connection too: what was granted at the login may have changed since.
Result<Record> session_channel(Context& context, Record& input) {
  SALLYPORT_TRY(const auto* live, live_of(context));
  const std::string kind(input.text("kind"));
  const std::string text(base::as_text(input.bytes("text")));
  context.detail = "channel " + std::to_string(input.number("channel")) + ": " + kind;
  if (!text.empty()) context.detail += " " + text;
  SALLYPORT_TRYV(recording_has_begun(context, *live));
  SALLYPORT_TRY(const auto channel, access::parse_channel(kind));
  if (live->ending) return fail(Errc::conflict, "this session is being ended");
  SALLYPORT_TRY(const auto decision, decide_channel(context, context.connection(), channel));
  context.rule = decision.why();
  SALLYPORT_TRYV(decision.as_result());
  SALLYPORT_TRYV(vault::note_channel(context.sql(), live->id, kind));
  context.quiet = true;
  context.event("session." + kind, context.object, audit::Outcome::ok,
                "channel " + std::to_string(input.number("channel")) + ": " + text);
  return answer(context);
}

Result<base::Digest> digest_of(const Record& input) {
  base::Digest out{};
  const auto bytes = input.bytes("hash");
  if (bytes.size() != out.size()) return fail(Errc::invalid, "hash must have 32 bytes");
  std::ranges::copy(bytes, out.begin());
  return out;
}

Result<Record> session_checkpoint(Context& context, Record& input) {
  SALLYPORT_TRY(const auto* live, live_of(context));
  SALLYPORT_TRY(const auto hash, digest_of(input));
  SALLYPORT_TRYV(vault::checkpoint_session(context.sql(), live->id, {input.number("sequence"), hash}));
  const auto signature =
      context.keys().audit_key().sign(recorder::checkpoint_message(live->id, {input.number("sequence"), hash}));
  context.detail = "chunk " + std::to_string(input.number("sequence"));
  Record out = answer(context);
  out.set("signature", base::Bytes(signature.begin(), signature.end()));
  return out;
}

/// Who has the credential has a session that counts as recorded: one that shows no recording then is found out.
Result<Record> recording_begin(Context& context, Record&) {
  SALLYPORT_TRY(const auto* live, live_of(context));
  if (live->ending) return fail(Errc::conflict, "this session is being ended");
  // What it stands on may have been taken away in this very batch, or have run out since the last sweep.
  SALLYPORT_TRY(const auto over, why_over(context, context.connection()));
  if (!over.empty()) return fail(Errc::denied, over);
  SALLYPORT_TRYV(vault::begin_recording(context.sql(), live->id));
  SALLYPORT_TRY(const auto account, vault::get_account(context.sql(), live->account));
  auto credential = vault::read_secret(context.tx, context.keys(), account.id);
  if (!credential && credential.error().code() == Errc::not_found)
    return fail(Errc::conflict, live->account_name +
                                    " has no secret yet; an administrator stores it: sallyport account secret " +
                                    live->account_name);
  if (!credential) return std::move(credential).error();
  Record out = answer(context);
  out.set("kind", vault::to_string(account.kind)).set("credential", std::move(credential).value());
  return out;
}

/// Only who has the recording's end can say that it has one.
Result<vault::RecordingState> end_state(const Record& input) {
  SALLYPORT_TRY(const auto state, vault::parse_recording_state(input.text("recording")));
  const bool ended = state == vault::RecordingState::complete || state == vault::RecordingState::gap;
  const bool cut = state == vault::RecordingState::truncated || state == vault::RecordingState::none;
  if ((ended && input.has("sequence")) || cut) return state;
  return fail(Errc::invalid, "a session can't end with its recording in that state");
}

Result<Record> session_close(Context& context, Record& input) {
  SALLYPORT_TRY(const auto* live, live_of(context));
  SALLYPORT_TRY(const auto state, end_state(input));
  if (input.has("sequence")) {
    SALLYPORT_TRY(const auto hash, digest_of(input));
    SALLYPORT_TRYV(vault::checkpoint_session(context.sql(), live->id, {input.number("sequence"), hash}));
  }
  const vault::RecordingTotals totals{input.number("bytes"), input.number("duration_ms"), input.number("chunks")};
  SALLYPORT_TRY(const auto closed,
                vault::close_session(context.sql(), live->id, input.text("reason"), state, totals, context.now));
  context.detail = live->account_name + ": " + std::string(input.text("reason")) + "; recording " +
                   std::string(vault::to_string(closed.recording));
  if (closed.recording == vault::RecordingState::truncated || closed.recording == vault::RecordingState::none) {
    // The request went well, the session did not: whoever looks for failures finds it.
    context.quiet = true;
    context.event("session.end", context.object, audit::Outcome::failed, context.detail);
  }
  context.after_commit([&state_of = context.state, peer = context.request.peer.id](auto&) {
    auto* there = state_of.sessions.find(peer);
    if (there == nullptr || !there->live) return;
    there->live->closed = true;
    if (!there->live->ending)
      there->live->ending = state_of.clock->mono();  // it has as long to go as one that is told to
  });
  return answer(context);
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::session_channel, session_channel},
    {OperationId::session_event, session_event},
    {OperationId::session_checkpoint, session_checkpoint},
    {OperationId::recording_begin, recording_begin},
    {OperationId::session_close, session_close},
});

}  // namespace

std::span<const HandlerRow> live_session_handlers() { return kRows; }

}  // namespace sallyport::app
