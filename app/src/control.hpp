#pragma once
// Messages between the supervisor and its children: one datagram each on a SOCK_SEQPACKET pair (docs/processes.md).
#include <sys/types.h>

#include <optional>
#include <string>

#include "sallyport/app/peer.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::app {

enum class ControlType : std::uint8_t {
  peer = 1,   ///< to the vault: this pid is of this kind and uid
  known = 2,  ///< from the vault: it is in the table
  gone = 3,   ///< to the vault: this pid has ended
  go = 4,     ///< to a child: the vault knows you
  ready = 5,  ///< from a child: it serves; `address` and `note` for the ready file
  stop = 6,   ///< to a child: end in an orderly way
};

struct Control {
  ControlType type = ControlType::stop;
  pid_t pid = 0;
  uid_t uid = 0;
  PeerKind kind = PeerKind::ssh;
  std::string address;  ///< "127.0.0.1:2222"
  std::string note;     ///< ssh: the host key's public line
};

base::Result<> send_control(int socket, const Control& message);
/// One message; Errc::closed when the other side has gone. On a blocking socket it waits.
base::Result<Control> receive_control(int socket);
/// Waits for one of this type; others are dropped.
base::Result<Control> await_control(int socket, ControlType type, std::chrono::milliseconds timeout);

}  // namespace sallyport::app
