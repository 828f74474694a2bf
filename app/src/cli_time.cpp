#include "cli_time.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::uint64_t kMostUnits = 100000000;

std::tm local(base::WallTime time) {
  const auto seconds = static_cast<std::time_t>(base::to_unix_ms(time) / 1000);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

enum class Form : unsigned char { of_this_year, of_another, whole, zone };

std::string formatted(Form form, const std::tm& parts) {
  std::array<char, 64> out{};
  std::size_t size = 0;
  switch (form) {
    case Form::of_this_year:
      size = std::strftime(out.data(), out.size(), "%m-%d %H:%M", &parts);
      break;
    case Form::of_another:
      size = std::strftime(out.data(), out.size(), "%Y-%m-%d", &parts);
      break;
    case Form::whole:
      size = std::strftime(out.data(), out.size(), "%Y-%m-%d %H:%M:%S %Z", &parts);
      break;
    case Form::zone:
      size = std::strftime(out.data(), out.size(), "%Z", &parts);
      break;
  }
  return {out.data(), size};
}

base::WallTime from_parts(std::tm parts, bool utc) {
  parts.tm_isdst = -1;
  const auto seconds = utc ? ::timegm(&parts) : ::mktime(&parts);
  return base::from_unix_ms(static_cast<std::int64_t>(seconds) * 1000);
}

base::WallTime day_start(base::WallTime now, int days) {
  auto parts = local(now);
  parts.tm_mday += days;
  parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
  return from_parts(parts, false);
}

std::optional<base::WallTime> written_out(std::string text) {
  const bool utc = text.ends_with('Z');
  if (utc) text.pop_back();
  for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return from_parts(parts, utc);
  }
  return std::nullopt;
}

}  // namespace

base::Result<std::uint64_t> parse_duration(std::string_view what, std::string_view text) {
  constexpr std::string_view kUnits = "smhd";
  constexpr std::array<std::uint64_t, 4> kSeconds{1, 60, 3600, 86400};
  const auto unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  if (unit != std::string_view::npos) text.remove_suffix(1);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number > kMostUnits)
    return base::fail(base::Errc::invalid, std::string(what) + " must be a time like 90s, 30m, 2h or 7d");
  return number * (unit == std::string_view::npos ? 1 : kSeconds.at(unit));
}

base::Result<base::WallTime> parse_moment(std::string_view what, std::string_view text, base::WallTime now) {
  if (text == "now") return now;
  if (text == "today") return day_start(now, 0);
  if (text == "yesterday") return day_start(now, -1);
  if (const auto time = written_out(std::string(text))) return *time;
  if (const auto ago = parse_duration(what, text)) return now - base::Seconds(static_cast<std::int64_t>(ago.value()));
  return base::fail(base::Errc::invalid, fmt::format("{} must be a time like 2h (ago), yesterday, 2026-11-22 or "
                                                     "\"2026-11-22 19:04\", not {}",
                                                     what, base::escape_text(text, 64)));
}

std::string short_time(base::WallTime time, base::WallTime now) {
  const auto parts = local(time);
  return formatted(parts.tm_year == local(now).tm_year ? Form::of_this_year : Form::of_another, parts);
}

std::string long_time(base::WallTime time) { return formatted(Form::whole, local(time)); }

std::string zone_name(base::WallTime time) { return formatted(Form::zone, local(time)); }

}  // namespace sallyport::app
