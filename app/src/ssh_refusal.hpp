#pragma once
// What a caller reads who is not served: an SSH banner and SSH_MSG_DISCONNECT in clear, before any key exchange (RFC
// 4253, 4.2 and 11.1). Stock clients print its sentence. Nothing is read but to be thrown away; no process is made for
// it.
#include <poll.h>

#include <chrono>
#include <deque>
#include <string_view>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::app {

/// The banner and the packet. `sentence` is cut at 200 bytes.
base::Bytes refusal_bytes(std::string_view sentence);

/// Sockets that have been told, and are held until their client has gone: TCP would throw the sentence away if it were
/// closed over what the client just sent. Bounded in number and time. One owner thread; never waits.
class Refusals {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxHeld = 128;  ///< beyond, the eldest is closed
  static constexpr std::chrono::seconds kHeldFor{3};

  /// `client` is non-blocking.
  void refuse(base::UniqueFd client, std::string_view sentence, Clock::time_point now);
  void add_to(std::vector<pollfd>& entries) const;
  /// `ready`: the entries that add_to() made, after the poll.
  void take(const pollfd* ready, Clock::time_point now);
  std::size_t size() const noexcept { return held_.size(); }

 private:
  struct Held {
    base::UniqueFd client;
    Clock::time_point until;
  };
  std::deque<Held> held_;
};

}  // namespace sallyport::app
