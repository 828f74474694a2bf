#include "session_action.hpp"

#include <array>

namespace sallyport::app {
namespace {

constexpr std::string_view kBefore = "session.";

struct Word {
  SessionAction action;
  std::string_view audited;
};
constexpr auto kWords = std::to_array<Word>({
    {SessionAction::shell, "session.shell"},
    {SessionAction::exec, "session.exec"},
    {SessionAction::sftp, "session.sftp"},
    {SessionAction::scp, "session.scp"},
    {SessionAction::forward, "session.forward"},
    {SessionAction::other, "session.other"},
    {SessionAction::file, "session.file"},
    {SessionAction::channel_ended, "session.channel.ended"},
    {SessionAction::channel_denied, "session.channel.denied"},
    {SessionAction::events, "session.events"},
});

}  // namespace

std::string_view audit_action(SessionAction action) noexcept {
  for (const auto& word : kWords) {
    if (word.action == action) return word.audited;
  }
  return "session.other";
}

std::string_view to_string(SessionAction action) noexcept { return audit_action(action).substr(kBefore.size()); }

std::optional<SessionAction> parse_session_action(std::string_view word) noexcept {
  for (const auto& known : kWords) {
    if (known.audited.substr(kBefore.size()) == word) return known.action;
  }
  return std::nullopt;
}

SessionAction action_of(recorder::ChannelKind kind) noexcept {
  switch (kind) {
    case recorder::ChannelKind::shell:
      return SessionAction::shell;
    case recorder::ChannelKind::exec:
      return SessionAction::exec;
    case recorder::ChannelKind::sftp:
      return SessionAction::sftp;
    case recorder::ChannelKind::scp:
      return SessionAction::scp;
    case recorder::ChannelKind::forward:
      return SessionAction::forward;
    case recorder::ChannelKind::other:
      break;
  }
  return SessionAction::other;
}

}  // namespace sallyport::app
