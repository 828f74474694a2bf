#pragma once
// Closing a connection so that the peer reads our last words.
#include "sallyport/base/clock.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::broker {

/// A socket that is closed while something of the peer's lies unread in it is reset, and a reset takes from the peer
/// what he has not read yet. So: keep a second descriptor while libssh closes its own, then say that nothing more
/// comes, and read on until the peer has closed.
class Farewell {
 public:
  explicit Farewell(int socket) noexcept;
  /// At most so long, whatever the peer does.
  void wait(base::Milliseconds bound) const noexcept;

 private:
  base::UniqueFd socket_;
};

}  // namespace sallyport::broker
