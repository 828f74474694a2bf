#pragma once
// What the child of a session may tell of. The audit log calls it "session." and one of these words: the child picks
// from this list, and can't give one of the vault's own events (session.open, session.end, session.revoke ...) for its
// own.
#include <cstdint>
#include <optional>
#include <string_view>

#include "sallyport/recorder/record.hpp"

namespace sallyport::app {

enum class SessionAction : std::uint8_t {
  shell,
  exec,
  sftp,
  scp,
  forward,
  other,  ///< a channel of another kind
  file,
  channel_ended,
  channel_denied,
  events,  ///< more than are told one by one
};

std::string_view to_string(SessionAction action) noexcept;
/// Nothing for any other word.
std::optional<SessionAction> parse_session_action(std::string_view word) noexcept;
SessionAction action_of(recorder::ChannelKind kind) noexcept;
/// "session.exec": the action in the audit log.
std::string_view audit_action(SessionAction action) noexcept;

}  // namespace sallyport::app
