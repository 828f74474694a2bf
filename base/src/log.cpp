#include "sallyport/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "sallyport/base/text.hpp"

namespace sallyport::base {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger>& logger() {
  static auto instance =
      std::make_shared<spdlog::logger>("sallyport", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return instance;
}

std::string field_text(std::string_view value) {
  auto escaped = escape_text(value, 1024);
  const bool bare = !escaped.empty() && escaped.find_first_of(" \"=") == std::string::npos;
  if (bare) return escaped;
  std::string out = "\"";
  for (const char letter : escaped) {
    if (letter == '"') out += '\\';
    out += letter;
  }
  return out += '"';
}

}  // namespace

void log_init(std::string_view process, LogLevel least) {
  logger() = std::make_shared<spdlog::logger>(std::string(process), std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger()->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %n %v", spdlog::pattern_time_type::utc);
  logger()->set_level(level_of(least));
  logger()->flush_on(spdlog::level::debug);
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!logger()->should_log(level_of(level))) return;
  std::string line(event);
  for (const auto& [name, value] : fields) line.append(" ").append(name).append("=").append(field_text(value));
  logger()->log(level_of(level), "{}", line);
}

}  // namespace sallyport::base
