#include "output.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "environment.hpp"
#include "record_json.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kCell = 400;

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

std::string number_cell(const Field& field, std::uint64_t value) {
  if (field.doc.find("Unix milliseconds") != std::string_view::npos) {
    return base::format_time(base::from_unix_ms(static_cast<std::int64_t>(value)));
  }
  if (field.name.ends_with("_ms")) return short_duration(value);
  if (field.name.ends_with("seconds") || field.name == "seconds_left") return short_duration(value * 1000);
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
    case FieldType::text: {
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

std::string list_table(const Record& record, const Field& list, std::string_view columns, bool colour) {
  const auto fields = chosen(list.item, columns);
  std::vector<std::vector<std::string>> rows(1);
  for (const auto* field : fields) rows.front().push_back(heading(field->name));
  for (const auto& item : record.list(list.name)) {
    auto& row = rows.emplace_back();
    for (const auto* field : fields) row.push_back(cell(item, *field));
  }
  return align(rows, colour);
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

std::string lead(std::string_view name) { return fmt::format("\"schema\":\"sallyport.{}/1\"", name); }

}  // namespace

std::string short_duration(std::uint64_t milliseconds) {
  const auto seconds = milliseconds / 1000;
  if (seconds < 60) return fmt::format("{}.{}s", seconds, milliseconds % 1000 / 100);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
}

std::string align(const std::vector<std::vector<std::string>>& rows, bool colour) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
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

std::string as_table(const Record& record, std::string_view columns, bool colour) {
  const auto schema = record.schema();
  const auto list =
      std::find_if(schema.begin(), schema.end(), [](const Field& f) { return f.type == FieldType::list; });
  // A result whose first field is a list is a listing; a list further down is one property of one thing.
  if (list != schema.end() && list == schema.begin()) return list_table(record, *list, columns, colour);
  return sheet(record, columns);
}

base::Result<> print_text(std::string_view text) {
  auto written = base::write_all(STDOUT_FILENO, base::as_bytes(text));
  if (!written) return written.error().within("stdout");
  return base::ok();
}

base::Result<> print(const Record& record, std::string_view name, std::string_view columns, bool json) {
  if (!json) return print_text(as_table(record, columns, wants_colour()));
  SALLYPORT_TRY(const auto text, to_json(record, lead(name)));
  SALLYPORT_TRYV(base::write_all(STDOUT_FILENO, text.view()));
  return print_text("\n");
}

base::Result<> print_done(std::string_view name, std::string_view sentence, bool json) {
  if (json) return print_text("{" + lead(name) + "}\n");
  if (sentence.empty()) return base::ok();
  return print_text(std::string(sentence) + "\n");
}

}  // namespace sallyport::app
