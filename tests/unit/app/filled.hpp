#pragma once
#include <map>
#include <string>
#include <string_view>

#include "service_fixture.hpp"

namespace sallyport::test {

/// Something for every required field: what `own` says by its name, or else what most operations take by that name, or
/// else something of its type.
inline Record filled(const app::Operation& row, std::map<std::string_view, std::string> own) {
  own.merge(std::map<std::string_view, std::string>{{"id", std::string(16, 'a')},
                                                    {"account", "root@web1"},
                                                    {"actions", "audit"},
                                                    {"kind", "unix_password"},
                                                    {"key", kHostKey}});
  Record record(row.input);
  for (const auto& field : row.input) {
    if (!field.required) continue;
    if (const auto known = own.find(field.name); known != own.end())
      record.set(field.name, known->second);
    else if (field.type == app::FieldType::text)
      record.set(field.name, "nobody");
    else if (field.type == app::FieldType::words)
      record.set(field.name, "session");
    else if (field.type == app::FieldType::secret)
      record.set(field.name, secret("a long enough secret"));
    else if (field.type == app::FieldType::number)
      record.set(field.name, std::uint64_t{1});
    else if (field.type == app::FieldType::flag)
      record.set_flag(field.name, true);
  }
  return record;
}

}  // namespace sallyport::test
