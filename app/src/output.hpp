#pragma once
// Results on stdout: a table for people, JSON with a schema name for programs. Foreign text never reaches the terminal
// raw.
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/app/record.hpp"

namespace sallyport::app {

/// A record as a person reads it: its one list as a table, or else its fields one below the other.
/// `columns`: names of fields, with spaces; empty is all.
std::string as_table(const Record& record, std::string_view columns, bool colour);

/// Prints as_table(), or with `json` the record with "schema":"sallyport.<name>/1" in front. Secrets go straight from
/// locked memory to the descriptor.
base::Result<> print(const Record& record, std::string_view name, std::string_view columns, bool json);
/// {"schema":"sallyport.<name>/1"} alone, or a plain sentence; nothing when the sentence is empty.
base::Result<> print_done(std::string_view name, std::string_view sentence, bool json);
/// Writes to stdout; Errc::io when it can't (a closed pipe too).
base::Result<> print_text(std::string_view text);

/// "12.3 s", "1h02m", for columns of milliseconds.
std::string short_duration(std::uint64_t milliseconds);
/// Columns that line up; the first row is the heading.
std::string align(const std::vector<std::vector<std::string>>& rows, bool colour);

}  // namespace sallyport::app
