#pragma once
// Times as people write and read them: in the time zone of this machine (TZ), with the zone said.
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/clock.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// "2h" (ago; s, m, h, d), "today", "yesterday", "2026-11-22", "2026-11-22 19:04[:08]" (or with T); local time, UTC
/// with a Z behind it. Errc::invalid for anything else, naming `what`.
base::Result<base::WallTime> parse_moment(std::string_view what, std::string_view text, base::WallTime now);

/// "90", "90s", "30m", "2h", "7d" in seconds.
base::Result<std::uint64_t> parse_duration(std::string_view what, std::string_view text);

/// "11-22 20:04" of this year, "2025-11-22" of another.
std::string short_time(base::WallTime time, base::WallTime now);
/// "2026-11-22 20:04:08 CET".
std::string long_time(base::WallTime time);
/// "CET".
std::string zone_name(base::WallTime time);

}  // namespace sallyport::app
