#include "toml_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <toml++/toml.h>

#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxConfigFile = 256U << 10U;

base::Error at(const std::string& file, const toml::source_region& where, const std::string& what) {
  return base::fail(base::Errc::invalid, fmt::format("{}:{}: {}", file, where.begin.line, what));
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& out) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + base::escape_text(std::string_view(key.str()));
    if (const auto* inner = node.as_table()) {
      flatten(*inner, name + ".", out);
      continue;
    }
    TomlEntry entry{name, {}, node.source().begin.line};
    if (const auto* text = node.as_string()) {
      entry.value = text->get();
    } else if (const auto* number = node.as_integer()) {
      entry.value = number->get();
    } else if (const auto* flag = node.as_boolean()) {
      entry.value = flag->get();
    }
    out.push_back(std::move(entry));
  }
}

}  // namespace

base::Result<std::vector<TomlEntry>> read_toml(const std::filesystem::path& path) {
  SALLYPORT_TRY(const auto bytes, base::read_file(path, kMaxConfigFile));
  const std::string file = base::escape_text(path.string());
  std::vector<TomlEntry> out;
  try {  // Debian's library is built with exceptions
    flatten(toml::parse(base::as_text(bytes)), "", out);
  } catch (const toml::parse_error& error) {
    return at(file, error.source(), base::escape_text(std::string(error.description())));
  }
  std::sort(out.begin(), out.end(), [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
  return out;
}

}  // namespace sallyport::app
