// Sessions and recordings, as auditors see and steer them.
#include <algorithm>
#include <array>

#include "handler.hpp"
#include "sallyport/vault/session.hpp"
#include "sallyport/vault/target.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

/// A wall clock that was put back meanwhile makes it nothing.
std::uint64_t lived_ms(const Context& context, const vault::Session& session) {
  const auto lived = base::to_unix_ms(context.now.wall) - base::to_unix_ms(session.started);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, lived));
}

void fill(Context& context, Record& out, const vault::Session& session) {
  const auto* connection = context.state.sessions.find_session(session.id.text());
  out.set("id", session.id.text()).set("user", session.user_name).set("account", session.account_name);
  if (session.checkout) out.set("checkout", session.checkout->text());
  out.set("source", session.source).set("how", session.how).set_flag("live", !session.ended);
  out.set_flag("frozen", connection != nullptr && connection->live->frozen);
  out.set("started", millis(session.started)).set("end_reason", session.end_reason);
  if (session.ended) out.set("ended", millis(*session.ended));
  out.set("recording", vault::to_string(session.recording));
  if (session.recording == vault::RecordingState::complete || session.recording == vault::RecordingState::gap)
    out.set("bytes", session.totals.bytes).set("duration_ms", session.totals.duration_ms);
  if (!session.ended) out.set("duration_ms", lived_ms(context, session));
  if (session.checkout) out.set("reason", session.reason);
  out.set("channels", session.channels);
}

Result<vault::Session> find(Context& context, const Record& input) {
  SALLYPORT_TRY(const auto id, vault::complete_session_id(context.sql(), input.text("id")));
  return vault::get_session(context.sql(), id);
}

Result<vault::SessionFilter> filter_of(const Record& input) {
  vault::SessionFilter filter{.open_only = input.flag("live"), .limit = page_size(input)};
  filter.user = input.text("user");
  filter.target = input.text("target");
  filter.source = input.text("source");
  filter.reason = input.text("reason");
  if (input.has("account")) {
    SALLYPORT_TRY(const auto name, base::parse_account_name(input.text("account")));
    filter.account = name.text();
  }
  if (input.has("recording")) {
    SALLYPORT_TRY(filter.recording, vault::parse_recording_state(input.text("recording")));
  }
  filter.since = time_of(input, "since");
  filter.until = time_of(input, "until");
  if (input.has("after")) {
    SALLYPORT_TRY(filter.after, base::SessionId::parse(input.text("after")));
  }
  return filter;
}

/// Nothing found for a name: because it was never there? A slip of the pen is told from an empty list.
Result<> check_names(Context& context, const Record& input) {
  if (input.has("user")) {
    SALLYPORT_TRYV(access::find_user(context.sql(), input.text("user")));
  }
  if (input.has("account")) {
    SALLYPORT_TRY(const auto name, base::parse_account_name(input.text("account")));
    SALLYPORT_TRYV(vault::find_account(context.sql(), name));
  }
  if (input.has("target")) {
    SALLYPORT_TRYV(vault::find_target(context.sql(), input.text("target")));
  }
  return base::ok();
}

Result<Record> list(Context& context, Record& input) {
  SALLYPORT_TRY(const auto filter, filter_of(input));
  SALLYPORT_TRY(const auto sessions, vault::list_sessions(context.sql(), filter));
  if (sessions.empty() && !input.has("after")) {
    SALLYPORT_TRYV(check_names(context, input));
  }
  Record out = answer(context);
  out.set_list("sessions");
  for (const auto& session : sessions) fill(context, out.add("sessions"), session);
  SALLYPORT_TRY(const auto total, vault::count_sessions(context.sql(), filter));
  out.set("total", total);
  if (sessions.size() == filter.limit) out.set("next", sessions.back().id.text());
  return out;
}

Result<Record> show(Context& context, Record& input) {
  SALLYPORT_TRY(const auto session, find(context, input));
  Record out = answer(context);
  fill(context, out, session);
  return out;
}

/// The session's row and its live connection; a sentence when it lives no more.
Result<Record> steer(Context& context, const Record& input,
                     std::function<void(Connection&, std::vector<Outgoing>&)> act) {
  SALLYPORT_TRY(const auto session, find(context, input));
  context.object = "session:" + session.id.text();
  context.detail = session.user_name + " on " + session.account_name;
  if (context.state.sessions.find_session(session.id.text()) == nullptr)
    return fail(Errc::conflict, "that session has ended");
  context.after_commit([&state = context.state, id = session.id.text(), act = std::move(act)](auto& out) {
    if (auto* connection = state.sessions.find_session(id)) act(*connection, out);
  });
  Record out = answer(context);
  fill(context, out, session);
  return out;
}

/// What was done to a session, for its person and for the log: with the reason, if one was given.
std::string with_reason(std::string_view what, const Record& input) {
  return std::string(what) + (input.text("reason").empty() ? "" : ": " + std::string(input.text("reason")));
}

Result<Record> terminate(Context& context, Record& input) {
  const auto sentence = with_reason("An auditor ended this session", input);
  auto out = steer(context, input, [sentence, now = context.now.mono](Connection& connection, auto& pushes) {
    connection.live->ending = now;
    pushes.push_back(LiveSessions::make_end(connection.peer, sentence));
  });
  context.detail = with_reason(context.detail, input);
  return out;
}

Result<Record> session_freeze(Context& context, Record& input) {
  const auto sentence = with_reason("An auditor froze this session, what you type waits", input);
  auto out = steer(context, input, [sentence](Connection& connection, auto& pushes) {
    connection.live->frozen = true;
    pushes.push_back(LiveSessions::make_push(connection.peer, OperationId::push_freeze));
    Record told(find_operation(OperationId::push_freeze)->input);
    told.set("reason", sentence);
    pushes.back().frame.payload = encode(told).value();
  });
  context.detail = with_reason(context.detail, input);
  if (out) out.value().set_flag("frozen", true);
  return out;
}

Result<Record> session_thaw(Context& context, Record& input) {
  auto out = steer(context, input, [](Connection& connection, auto& pushes) {
    connection.live->frozen = false;
    pushes.push_back(LiveSessions::make_push(connection.peer, OperationId::push_thaw));
  });
  if (out) out.value().set_flag("frozen", false);
  return out;
}

Result<Record> recording_open(Context& context, Record& input) {
  SALLYPORT_TRY(const auto session, find(context, input));
  context.object = "recording:" + session.id.text();
  // The key is handed out: what is done with it is out of the vault's sight.
  context.detail =
      input.has("purpose") ? "said: to " + std::string(input.text("purpose")) : "for a purpose that was not said";
  SALLYPORT_TRY(auto key, vault::read_recording_key(context.tx, context.keys(), session.id));
  const auto& signer = context.state.vault->audit().public_key().key;
  Record out = answer(context);
  out.set("id", session.id.text())
      .set("file", session.file)
      .set("data_key", std::move(key))
      .set_flag("live", !session.ended);
  out.set("recording", vault::to_string(session.recording)).set("signer", base::Bytes(signer.begin(), signer.end()));
  if (!session.checkpoint) return out;
  // A session that closed told the place of END as its last checkpoint.
  const bool whole =
      session.recording == vault::RecordingState::complete || session.recording == vault::RecordingState::gap;
  const bool ended = session.ended && whole;
  out.set(ended ? "end_sequence" : "checkpoint_sequence", session.checkpoint->sequence);
  out.set(ended ? "end_hash" : "checkpoint_hash",
          base::Bytes(session.checkpoint->chain.begin(), session.checkpoint->chain.end()));
  return out;
}

Result<Record> recording_content(Context& context, Record& input) {
  SALLYPORT_TRY(const auto session, find(context, input));
  context.object = "recording:" + session.id.text();
  Record out = answer(context);
  out.set("file", session.file);
  return out;
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::session_list, list},
    {OperationId::session_show, show},
    {OperationId::session_terminate, terminate},
    {OperationId::session_freeze, session_freeze},
    {OperationId::session_thaw, session_thaw},
    {OperationId::recording_list, list},
    {OperationId::recording_show, show},
    {OperationId::recording_open, recording_open},
    {OperationId::recording_content, recording_content},
});

}  // namespace

std::span<const HandlerRow> session_handlers() { return kRows; }

}  // namespace sallyport::app
