#include "sallyport/app/peer.hpp"

namespace sallyport::app {

std::string_view to_string(PeerKind kind) noexcept {
  switch (kind) {
    case PeerKind::operator_:
      return "operator";
    case PeerKind::ssh:
      return "ssh";
    case PeerKind::session:
      return "session";
    case PeerKind::web:
      return "web";
    case PeerKind::rotator:
      return "rotator";
  }
  return "unknown";
}

std::string_view to_string(Phase phase) noexcept { return phase == Phase::granted ? "granted" : "pre_auth"; }

}  // namespace sallyport::app
