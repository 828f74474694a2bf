#pragma once
// What the listener says to a session's child, one datagram each on a SOCK_SEQPACKET pair. The child says nothing back.
#include <string>
#include <variant>

#include "sallyport/base/fd.hpp"

namespace sallyport::app {

/// The connected socket to the target and the recording's file.
struct LinkResources {
  base::UniqueFd target;
  base::UniqueFd recording;
};
/// Why there is no such thing, as a sentence for the person at the client.
struct LinkFailed {
  std::string sentence;
};
/// The server stops.
struct LinkEnd {
  std::string sentence;
};
using LinkMessage = std::variant<LinkResources, LinkFailed, LinkEnd>;

base::Result<> send_link(int socket, const LinkMessage& message);
/// Errc::closed when the listener has gone: that alone is no reason to end.
base::Result<LinkMessage> receive_link(int socket);

}  // namespace sallyport::app
