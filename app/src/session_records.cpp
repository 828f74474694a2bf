#include "session_records.hpp"

#include <fmt/format.h>

#include "sallyport/base/text.hpp"
#include "session_action.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxDetail = 1024;   // of session.event
constexpr std::size_t kMaxShown = 448;     // of one foreign text in it
constexpr std::size_t kMaxSentence = 250;  // of session.close
// The vault ends the session when its checkout runs out; this is for a vault that can't say so any more.
constexpr base::Milliseconds kAfterCheckout{5000};

std::string shown(std::string_view text) { return base::escape_text(text, kMaxShown); }

}  // namespace

broker::ChannelPolicy to_policy(std::string_view words) {
  broker::ChannelPolicy policy;
  while (!words.empty()) {
    const auto comma = std::min(words.find(','), words.size());
    const std::string_view word = words.substr(0, comma);
    words.remove_prefix(std::min(comma + 1, words.size()));
    policy.shell |= word == "shell";
    policy.exec |= word == "exec";
    policy.sftp |= word == "sftp";
    policy.scp |= word == "scp";
  }
  return policy;
}

namespace {

recorder::Meta to_meta(const Record& record, std::string_view client_version) {
  recorder::Meta meta;
  for (const auto* name : {"user", "account", "login", "source", "reason", "checkout", "channels"})
    meta.emplace_back(name, record.text(name));
  meta.emplace_back("client", shown(client_version));
  return meta;
}

struct Event {
  SessionAction action;
  std::string detail;
  bool denied;
};

std::string describe(const recorder::FileEvent& file) {
  std::string text = fmt::format("{} {}", to_string(file.how), to_string(file.action));
  if (file.action == recorder::FileAction::transfer)
    text += fmt::format(" {} {} bytes", to_string(file.direction), file.size);
  if (!file.detail.empty()) text += fmt::format(" ({})", shown(file.detail));
  if (file.sha256) text += " sha256 " + base::hex(*file.sha256);
  text += fmt::format(" {}: {}", to_string(file.outcome), shown(file.path));
  if (!file.other_path.empty()) text += " -> " + shown(file.other_path);
  return text;
}

Event to_event(const broker::RequestDenied& denied) {
  return {SessionAction::channel_denied, fmt::format("{}: {}", denied.what, denied.detail), true};
}
Event to_event(const broker::ChannelEnded& ended) {
  std::string how = "closed";
  if (ended.exit_status) how = fmt::format("exit status {}", *ended.exit_status);
  if (!ended.exit_signal.empty()) how = "signal " + shown(ended.exit_signal);
  return {SessionAction::channel_ended, fmt::format("channel {}: {}", ended.channel, how), false};
}
Event to_event(const broker::FileSeen& seen) {
  return {SessionAction::file, describe(seen.event), seen.event.outcome == recorder::FileOutcome::refused};
}
Event to_event(const broker::RecordingBegun&) { return {SessionAction::other, "", false}; }  // an operation of its own
Event to_event(const broker::SessionOver&) { return {SessionAction::other, "", false}; }

void fill_close(Record& record, const broker::SessionOver& over, std::uint64_t file_size) {
  record.set("reason", base::escape_text(over.sentence, kMaxSentence));
  const bool complete = over.end_mark && over.totals;
  const char* cut = over.recording_begun ? "truncated" : "none";
  record.set("recording", !complete ? cut : over.totals->gaps > 0 ? "gap" : "complete");
  record.set("bytes", file_size);
  record.set("duration_ms", complete ? over.totals->duration_ms : 0);
  record.set("chunks", complete ? over.totals->chunks : 0);
  if (!over.end_mark) return;
  record.set("sequence", over.end_mark->sequence);
  record.set("hash", base::Bytes(over.end_mark->hash.begin(), over.end_mark->hash.end()));
}

}  // namespace

Result<broker::Grant> to_grant(Record&& record, std::string_view client_version) {
  SALLYPORT_TRY(auto session, base::SessionId::parse(record.text("session")));
  broker::Grant grant{.session = std::move(session)};
  grant.target_login = record.text("login");
  const std::string_view kind = record.text("kind");
  if (kind != "unix_password" && kind != "ssh_key")
    return fail(Errc::invalid, "the grant holds a credential of an unknown kind");
  grant.kind = kind == "ssh_key" ? broker::CredentialKind::private_key : broker::CredentialKind::password;
  for (const auto& pin : record.list("host_keys"))
    grant.host_keys.emplace_back(pin.bytes("key").begin(), pin.bytes("key").end());
  grant.policy = to_policy(record.text("channels"));
  grant.environment = {"LANG", "LC_*"};
  grant.max_duration = base::Milliseconds(static_cast<std::int64_t>(record.number("ends_in_ms"))) + kAfterCheckout;
  grant.recording_meta = to_meta(record, client_version);
  const auto wrapped = record.bytes("wrapped_key");
  grant.wrapped_recording_key.assign(wrapped.begin(), wrapped.end());
  grant.credential = record.take_secret("credential");
  grant.recording_key = record.take_secret("data_key");
  return grant;
}

void fill_notice(Record& record, const broker::Notice& notice, std::uint64_t file_size) {
  if (const auto* over = std::get_if<broker::SessionOver>(&notice)) return fill_close(record, *over, file_size);
  Event event = std::visit([](const auto& what) { return to_event(what); }, notice);
  if (event.detail.size() > kMaxDetail) event.detail = base::escape_text(event.detail, kMaxDetail - 8);
  record.set("action", to_string(event.action)).set("detail", event.detail).set_flag("denied", event.denied);
}

}  // namespace sallyport::app
