#pragma once
// What the child of a session may tell of. The audit log calls it "session." and one of these words: the child picks
// from this list, and can't give one of the vault's own events (session.open, session.exec, session.end ...) for its
// own. That a shell, command or copy starts is written down by the vault, when it is asked for it (session.channel).
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::app {

enum class SessionAction : std::uint8_t { file, channel_ended, channel_denied };

std::string_view to_string(SessionAction action) noexcept;
/// Nothing for any other word.
std::optional<SessionAction> parse_session_action(std::string_view word) noexcept;
/// "session.file": the action in the audit log.
std::string_view audit_action(SessionAction action) noexcept;

}  // namespace sallyport::app
