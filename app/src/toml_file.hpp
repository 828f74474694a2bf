#pragma once
// A TOML file as flat entries with line numbers. The only place that knows the TOML library.
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

struct TomlEntry {
  std::string key;  ///< dotted: "ssh.listen"
  std::variant<std::string, std::int64_t, bool> value;
  unsigned line = 0;
};

/// Text, whole numbers and true/false, in tables of any depth; Errc::invalid ("file:line: ...") for anything else, and for
/// files that do not parse. Errc::not_found when there is no file. At most 256 KiB.
base::Result<std::vector<TomlEntry>> read_toml(const std::filesystem::path& path);

}  // namespace sallyport::app
