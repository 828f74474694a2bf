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
  std::string key;                                                      ///< dotted: "ssh.listen"
  std::variant<std::monostate, std::string, std::int64_t, bool> value;  ///< monostate: of a kind that no key has
  unsigned line = 0;
};

/// In tables of any depth, by line. Errc::invalid ("file:line: ...") for a file that does not parse; Errc::not_found
/// when there is none. At most 256 KiB.
base::Result<std::vector<TomlEntry>> read_toml(const std::filesystem::path& path);

}  // namespace sallyport::app
