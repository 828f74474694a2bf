#include "session_action.hpp"

namespace sallyport::app {

std::string_view audit_action(SessionAction action) noexcept {
  switch (action) {
    case SessionAction::file:
      return "session.file";
    case SessionAction::channel_ended:
      return "session.channel.ended";
    case SessionAction::channel_denied:
      break;
  }
  return "session.channel.denied";
}

std::string_view to_string(SessionAction action) noexcept {
  constexpr std::string_view kBefore = "session.";
  return audit_action(action).substr(kBefore.size());
}

std::optional<SessionAction> parse_session_action(std::string_view word) noexcept {
  for (const auto known : {SessionAction::file, SessionAction::channel_ended, SessionAction::channel_denied}) {
    if (to_string(known) == word) return known;
  }
  return std::nullopt;
}

}  // namespace sallyport::app
