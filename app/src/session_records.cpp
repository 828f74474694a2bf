#include "session_records.hpp"

#include <fmt/format.h>

#include "sallyport/base/hash.hpp"
#include "sallyport/base/text.hpp"
#include "session_action.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

// Of foreign texts, as the log will escape them; where one is cut its length and hash follow, 88 bytes at most.
constexpr std::size_t kMaxCommand = 885;  // with its variables, which leave half of it to the command
constexpr std::size_t kMaxShown = 430;
constexpr std::size_t kMaxPath = 260;  // there may be two, a detail and a hash
constexpr std::size_t kMaxRemark = 100;
constexpr std::size_t kMaxDetail = 1018;   // of all of it: the log cuts at 1024
constexpr std::size_t kMaxSentence = 250;  // of session.close
// The vault ends the session when its checkout runs out; this is for a vault that can't say so any more.
constexpr base::Milliseconds kAfterCheckout{5000};

/// UTF-8: this byte belongs to the one before it.
bool is_continued(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

/// As much of it as has at most `max` bytes in its escaped form.
std::string_view head(std::string_view text, std::size_t max) {
  const auto fits = [text, max](std::size_t size) {
    return base::escape_text(text.substr(0, size), 4 * max + 8).size() <= max;
  };
  // Escaped it is never shorter.
  std::size_t size = std::min(text.size(), max);
  while (size > 0 && !fits(size)) --size;
  if (size == text.size()) return text;
  while (size > 0 && is_continued(text[size])) --size;
  return text.substr(0, size);
}

/// What is cut can still be told from everything else, and found in the recording.
std::string cut(std::string_view text, std::size_t max) {
  const auto kept = head(text, max);
  if (kept.size() == text.size()) return std::string(text);
  return fmt::format("{}... ({} bytes, sha256 {})", kept, text.size(), base::hex(base::sha256(base::as_bytes(text))));
}

std::string shown(std::string_view text) { return cut(text, kMaxShown); }

}  // namespace

std::string shown_command(std::string_view text) { return cut(text, kMaxCommand); }

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
  meta.emplace_back("client", client_version);
  return meta;
}

std::string describe(const recorder::FileEvent& file) {
  std::string text = fmt::format("{} {}", to_string(file.how), to_string(file.action));
  if (file.action == recorder::FileAction::transfer)
    text += fmt::format(" {} {} bytes", to_string(file.direction), file.size);
  if (!file.detail.empty()) text += fmt::format(" ({})", cut(file.detail, kMaxRemark));
  if (file.sha256) text += " sha256 " + base::hex(*file.sha256);
  text += fmt::format(" {}: {}", to_string(file.outcome), cut(file.path, kMaxPath));
  if (!file.other_path.empty()) text += " -> " + cut(file.other_path, kMaxPath);
  return text;
}

std::optional<SessionEvent> event_of(const broker::RequestDenied& denied) {
  return SessionEvent{SessionAction::channel_denied, fmt::format("{}: {}", denied.what, shown(denied.detail)), true};
}
std::optional<SessionEvent> event_of(const broker::ChannelEnded& ended) {
  std::string how = "closed";
  if (ended.exit_status) how = fmt::format("exit status {}", *ended.exit_status);
  if (!ended.exit_signal.empty()) how = "signal " + shown(ended.exit_signal);
  return SessionEvent{SessionAction::channel_ended, fmt::format("channel {}: {}", ended.channel, how), false};
}
std::optional<SessionEvent> event_of(const broker::FileSeen& seen) {
  return SessionEvent{SessionAction::file, describe(seen.event), seen.event.outcome == recorder::FileOutcome::refused};
}
std::optional<SessionEvent> event_of(const broker::ProofRefused&) { return std::nullopt; }
std::optional<SessionEvent> event_of(const broker::SessionOver&) { return std::nullopt; }

}  // namespace

Result<broker::Grant> to_grant(Record&& record, std::string_view client_version) {
  SALLYPORT_TRY(auto session, base::SessionId::parse(record.text("session")));
  broker::Grant grant{.session = std::move(session)};
  grant.target_login = record.text("login");
  for (const auto& pin : record.list("host_keys"))
    grant.host_keys.emplace_back(pin.bytes("key").begin(), pin.bytes("key").end());
  grant.policy = to_policy(record.text("channels"));
  grant.environment = {"LANG", "LC_*"};
  grant.ends_in = base::Milliseconds(static_cast<std::int64_t>(record.number("ends_in_ms")));
  grant.max_duration = grant.ends_in + kAfterCheckout;
  grant.recording_meta = to_meta(record, client_version);
  const auto wrapped = record.bytes("wrapped_key");
  grant.wrapped_recording_key.assign(wrapped.begin(), wrapped.end());
  grant.recording_key = record.take_secret("data_key");
  return grant;
}

Result<broker::TargetCredential> to_credential(Record&& record) {
  const std::string_view kind = record.text("kind");
  if (kind != "unix_password" && kind != "ssh_key") return fail(Errc::invalid, "the credential is of an unknown kind");
  return broker::TargetCredential{
      kind == "ssh_key" ? broker::CredentialKind::private_key : broker::CredentialKind::password,
      record.take_secret("credential")};
}

std::optional<SessionEvent> to_event(const broker::Notice& notice) {
  auto event = std::visit([](const auto& what) { return event_of(what); }, notice);
  if (event) event->detail = head(event->detail, kMaxDetail);
  return event;
}

void fill_event(Record& record, const SessionEvent& event) {
  const auto detail = base::as_bytes(event.detail);
  record.set("action", to_string(event.action)).set("detail", base::Bytes(detail.begin(), detail.end()));
  record.set_flag("denied", event.denied);
}

void fill_close(Record& record, const broker::SessionOver& over, std::uint64_t file_size) {
  const bool plain = base::is_plain_text(over.sentence, kMaxSentence);
  record.set("reason", plain ? over.sentence : base::escape_text(over.sentence, kMaxSentence));
  const bool complete = over.end_mark && over.totals;
  const char* cut_off = over.recording_begun ? "truncated" : "none";
  record.set("recording", !complete ? cut_off : over.totals->gaps > 0 ? "gap" : "complete");
  record.set("bytes", file_size);
  record.set("duration_ms", complete ? over.totals->duration_ms : 0);
  record.set("chunks", complete ? over.totals->chunks : 0);
  if (!over.end_mark) return;
  record.set("sequence", over.end_mark->sequence);
  record.set("hash", base::Bytes(over.end_mark->hash.begin(), over.end_mark->hash.end()));
}

}  // namespace sallyport::app
