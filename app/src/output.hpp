#pragma once
// Results on stdout: a table for people, JSON with a schema name for programs. Foreign text never reaches the terminal
// raw.
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/app/record.hpp"
#include "sallyport/base/clock.hpp"

namespace sallyport::app {

/// How a table is to look.
struct TableForm {
  std::string_view columns{};  ///< names of fields, with spaces; empty is all
  bool colour = false;
  bool wide = false;      ///< the other fields too, ids and times in full
  std::size_t width = 0;  ///< of the terminal: longer lines lose the ends of their longest cells; 0: no bound
  base::WallTime now{};   ///< times of this year are written without it
};

/// A record as a person reads it: its one list as a table, or else its fields one below the other.
std::string as_table(const Record& record, const TableForm& form);
/// The form for this terminal, this moment.
TableForm table_form(std::string_view columns, bool wide);

/// Prints as_table(), or with `json` the record with "schema":"sallyport.<name>/1" in front. Secrets go straight from
/// locked memory to the descriptor.
base::Result<> print(const Record& record, std::string_view name, std::string_view columns, bool json,
                     bool wide = false);
/// {"schema":"sallyport.<name>/1"} alone, or a plain sentence; nothing when the sentence is empty.
base::Result<> print_done(std::string_view name, std::string_view sentence, bool json);
/// Writes to stdout; Errc::io when it can't (a closed pipe too).
base::Result<> print_text(std::string_view text);

/// "12.3 s", "1h02m", for columns of milliseconds.
std::string short_duration(std::uint64_t milliseconds);
/// Columns that line up; the first row is the heading. `width`: as in TableForm. `cut`: the columns that lose their
/// ends first where it is too little; one that is not named is among them.
std::string align(std::vector<std::vector<std::string>> rows, bool colour, std::size_t width = 0,
                  const std::vector<bool>& cut = {});

}  // namespace sallyport::app
