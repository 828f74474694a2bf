#pragma once
// One line an event to stderr: time, level, process, event, key=value... Values are escaped here; no secret comes here.
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::base {

enum class LogLevel : unsigned char { debug, info, warning, error };
using LogField = std::pair<std::string_view, std::string>;

/// Names this process in its lines ("vault", "ssh", "session"). Once, before threads.
void log_init(std::string_view process, LogLevel least);
/// Thread-safe. `event` is a constant word or two with dots: "session.ended".
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace sallyport::base
