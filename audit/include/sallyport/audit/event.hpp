#pragma once
// One thing that happened, as the audit log keeps it: docs/audit_log.md, "Event".
#include <cstdint>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/clock.hpp"

namespace sallyport::audit {

enum class Outcome : std::uint8_t {
  ok = 1,
  denied = 2,  ///< a rule said no
  failed = 3,  ///< allowed, and did not work
};
std::string_view to_string(Outcome outcome) noexcept;

/// Who did what to which object, from where, by which rule, how it ended. Holds no secret: the caller sees to that.
struct Event {
  base::WallTime at{};
  std::string actor;       ///< "user:alice", "operator:0", "system:rotation"
  std::string action;      ///< the operation's name: "checkout.create"
  std::string object;      ///< "account:root@web1"
  std::string source;      ///< where from: "192.0.2.7:50122", "local"
  std::string rule;        ///< why: the rule that allowed or refused
  std::string request_id;  ///< what the person was shown
  Outcome outcome = Outcome::ok;
  std::string detail;  ///< one sentence for a reader

  friend bool operator==(const Event&, const Event&) = default;
};

/// The event as it is stored: every text escaped (base::escape_text) and cut at its limit. Applied once, by encode().
Event recorded(const Event& event);

/// The canonical bytes of recorded(event): what is hashed into the log. At most kMaxEncoded.
inline constexpr std::size_t kMaxEncoded = 4096;
base::Bytes encode(const Event& event);
/// The inverse, texts as stored (escaped). Errc::corrupt for anything that encode() would not have written.
base::Result<Event> decode(base::ByteView bytes);

/// One strict JSON object without a line end, for the export as JSON lines. Takes the event as decoded.
std::string to_json_line(std::uint64_t index, const Event& stored);

}  // namespace sallyport::audit
