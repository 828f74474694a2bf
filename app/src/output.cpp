#include "output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli_time.hpp"
#include "environment.hpp"
#include "record_json.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/period.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kCell = 400;
constexpr std::size_t kIdLength = 16;  // base::Id
constexpr std::size_t kShortId = 8;    // 40 bits: two of a store hardly ever begin alike

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// Letters, not bytes; what escape_text leaves has no combining controls, and a wide letter only costs alignment.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_time(const Field& field) {
  return field.type == FieldType::number && field.doc.find("Unix milliseconds") != std::string_view::npos;
}

bool is_id(const Field& field) { return field.type == FieldType::text && field.max == kIdLength; }

std::string number_cell(const Field& field, std::uint64_t value) {
  if (is_time(field)) return long_time(base::from_unix_ms(static_cast<std::int64_t>(value)));
  if (field.name.ends_with("_ms")) return short_duration(value);
  if (field.name == "seconds_left") return short_duration(value * 1000);
  if (value == 0 && field.doc.find("0 is never") != std::string_view::npos) return "never";
  if (field.name.ends_with("seconds")) return base::format_period(base::Seconds(static_cast<std::int64_t>(value)));
  return std::to_string(value);
}

std::string cell(const Record& record, const Field& field);

std::string list_cell(std::span<const Record> items) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ", ";
    out += cell(item, item.schema().front());
  }
  return out;
}

std::string cell(const Record& record, const Field& field) {
  if (!record.has(field.name)) return "-";
  switch (field.type) {
    case FieldType::text:
    case FieldType::words: {
      auto text = base::escape_text(record.text(field.name), kCell);
      return text.empty() ? "-" : text;
    }
    case FieldType::number:
      return number_cell(field, record.number(field.name));
    case FieldType::flag:
      return record.flag(field.name) ? "yes" : "no";
    case FieldType::bytes:
      return base::hex(record.bytes(field.name));
    case FieldType::list:
      return list_cell(record.list(field.name));
    case FieldType::secret:
    case FieldType::secret_bytes:
      return "(secret)";
  }
  return "-";
}

std::string heading(std::string_view name) {
  if (name.ends_with("_ms")) name.remove_suffix(3);  // the cell says its unit
  std::string out;
  for (const char c : name) out += c == '_' ? ' ' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return out;
}

std::vector<const Field*> chosen(Fields schema, std::string_view columns) {
  std::vector<const Field*> out;
  if (columns.empty()) {
    for (const auto& field : schema) out.push_back(&field);
    return out;
  }
  for (const auto name : words(columns)) {
    for (const auto& field : schema) {
      if (field.name == name) out.push_back(&field);
    }
  }
  return out;
}

// The chosen ones first, then, where the table is wide, all others.
std::vector<const Field*> columns_of(Fields item, const TableForm& form) {
  auto fields = chosen(item, form.columns);
  if (!form.wide) return fields;
  for (const auto& field : item) {
    if (std::find(fields.begin(), fields.end(), &field) == fields.end()) fields.push_back(&field);
  }
  return fields;
}

// Ids are told apart by their beginnings, as long as none of a column share one; the server takes such a beginning.
std::size_t id_letters(std::span<const Record> items, const Field& field) {
  std::vector<std::string_view> begins;
  for (const auto& item : items) begins.push_back(item.text(field.name).substr(0, kShortId));
  std::sort(begins.begin(), begins.end());
  const bool unique = std::adjacent_find(begins.begin(), begins.end()) == begins.end();
  return unique ? kShortId : kIdLength;
}

std::vector<std::string> column(std::span<const Record> items, const Field& field, const TableForm& form) {
  std::vector<std::string> cells{heading(field.name)};
  const bool short_times = is_time(field) && !form.wide;
  if (short_times) cells.front() += " (" + zone_name(form.now) + ")";
  const auto letters = is_id(field) && !form.wide ? id_letters(items, field) : std::string::npos;
  for (const auto& item : items) {
    if (short_times && item.has(field.name))
      cells.push_back(short_time(base::from_unix_ms(static_cast<std::int64_t>(item.number(field.name))), form.now));
    else
      cells.push_back(cell(item, field).substr(0, letters));
  }
  return cells;
}

// Names and sentences, of which a beginning still says something. Ids, states, times and numbers are right as a whole
// only, and a fingerprint is what a command takes.
bool may_be_cut(const Field& field) {
  constexpr std::uint32_t kOneWord = 32;
  if (field.type == FieldType::text) return field.max > kOneWord && field.name != "fingerprint";
  return field.type == FieldType::words || field.type == FieldType::list || field.type == FieldType::bytes;
}

std::string list_table(const Record& record, const Field& list, const TableForm& form) {
  const auto items = record.list(list.name);
  std::vector<std::vector<std::string>> rows(items.size() + 1);
  std::vector<bool> cut;
  for (const auto* field : columns_of(list.item, form)) {
    auto cells = column(items, *field, form);
    for (std::size_t i = 0; i < cells.size(); ++i) rows[i].push_back(std::move(cells[i]));
    cut.push_back(may_be_cut(*field));
  }
  return align(std::move(rows), form.colour, form.wide ? 0 : form.width, cut);
}

std::string sheet(const Record& record, std::string_view columns) {
  std::size_t widest = 0;
  const auto fields = chosen(record.schema(), columns);
  for (const auto* field : fields) widest = std::max(widest, field->name.size());
  std::string out;
  for (const auto* field : fields) {
    if (record.has(field->name)) out += fmt::format("{:<{}}  {}\n", field->name, widest, cell(record, *field));
  }
  return out;
}

// Version 2 where names that were one text with commas are an array.
bool has_words(Fields schema) {
  return std::any_of(schema.begin(), schema.end(),
                     [](const Field& f) { return f.type == FieldType::words || has_words(f.item); });
}

std::string lead(std::string_view name, Fields schema) {
  return fmt::format("\"schema\":\"sallyport.{}/{}\"", name, has_words(schema) ? 2 : 1);
}

// The bytes of the first `letters` letters.
std::size_t cut_at(std::string_view text, std::size_t letters) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (begins && letters-- == 0) break;
  }
  return at;
}

// Takes what is too much from the widest of these columns, again and again, as long as each keeps `least` letters.
void narrow(std::vector<std::size_t>& widths, const std::vector<bool>& of, std::size_t least, std::size_t most) {
  auto total = widths.empty() ? 0 : 2 * (widths.size() - 1);
  for (const auto one : widths) total += one;
  for (; total > most; --total) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (of[i] && widths[i] > least && (widest == nullptr || widths[i] > *widest)) widest = &widths[i];
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

void cut_cells(std::vector<std::vector<std::string>>& rows, const std::vector<std::size_t>& widths) {
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (width(row[i]) > widths[i]) row[i] = row[i].substr(0, cut_at(row[i], widths[i] - 1)) + "\xe2\x80\xa6";
    }
  }
}

// Text keeps a length that can be read, if that is enough; what is right as a whole only comes last.
void fit(std::vector<std::vector<std::string>>& rows, std::vector<std::size_t>& widths, std::vector<bool> cut,
         std::size_t most) {
  constexpr std::size_t kReadable = 12;
  constexpr std::size_t kLeast = 6;
  cut.resize(widths.size(), true);
  narrow(widths, cut, kReadable, most);
  narrow(widths, cut, kLeast, most);
  narrow(widths, std::vector<bool>(widths.size(), true), kLeast, most);
  cut_cells(rows, widths);
}

}  // namespace

std::string short_duration(std::uint64_t milliseconds) {
  const auto seconds = milliseconds / 1000;
  if (seconds < 60) return fmt::format("{}.{}s", seconds, milliseconds % 1000 / 100);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
}

std::string align(std::vector<std::vector<std::string>> rows, bool colour, std::size_t most,
                  const std::vector<bool>& cut) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  if (most > 0) fit(rows, widths, cut, most);
  std::string out;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    std::string line;
    for (std::size_t i = 0; i < rows[at].size(); ++i) {
      line += rows[at][i];
      if (i + 1 < rows[at].size()) line += std::string(widths[i] - width(rows[at][i]) + 2, ' ');
    }
    out += colour && at == 0 ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  }
  return out;
}

TableForm table_form(std::string_view columns, bool wide) {
  winsize size{};
  const bool terminal = is_terminal(STDOUT_FILENO) && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  return {columns, wants_colour(), wide, terminal ? size.ws_col : 0U, base::SystemClock().wall()};
}

std::string as_table(const Record& record, const TableForm& form) {
  const auto schema = record.schema();
  const auto list =
      std::find_if(schema.begin(), schema.end(), [](const Field& f) { return f.type == FieldType::list; });
  // A result whose first field is a list is a listing; a list further down is one property of one thing.
  if (list != schema.end() && list == schema.begin()) return list_table(record, *list, form);
  return sheet(record, form.columns);
}

base::Result<> print_text(std::string_view text) {
  auto written = base::write_all(STDOUT_FILENO, base::as_bytes(text));
  if (!written) return written.error().within("stdout");
  return base::ok();
}

base::Result<> print(const Record& record, std::string_view name, std::string_view columns, bool json, bool wide) {
  if (!json) return print_text(as_table(record, table_form(columns, wide)));
  SALLYPORT_TRY(const auto text, to_json(record, lead(name, record.schema())));
  SALLYPORT_TRYV(base::write_all(STDOUT_FILENO, text.view()));
  return print_text("\n");
}

base::Result<> print_done(std::string_view name, std::string_view sentence, bool json) {
  if (json) return print_text("{" + lead(name, {}) + "}\n");
  if (sentence.empty()) return base::ok();
  return print_text(std::string(sentence) + "\n");
}

}  // namespace sallyport::app
