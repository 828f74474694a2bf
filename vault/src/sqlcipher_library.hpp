#pragma once
// libsqlcipher, loaded so that its symbols (the same names as libsqlite3's) meet nobody else's. It bridges the sonames
// of Debian 12 (.so.0, SQLCipher 3.4) and 13 (.so.1, 4.6).
#include <span>

#ifndef SQLITE_HAS_CODEC
#define SQLITE_HAS_CODEC 1
#endif
#include <sqlcipher/sqlite3.h>

#include "sallyport/base/result.hpp"

namespace sallyport::vault {

// clang-format off
#define SALLYPORT_SQLCIPHER_FUNCTIONS(X)                                                                                \
  X(open_v2) X(close_v2) X(key) X(errmsg) X(extended_errcode) X(extended_result_codes) X(busy_timeout) X(limit)         \
  X(set_authorizer) X(exec) X(get_autocommit) X(changes) X(prepare_v2) X(finalize) X(step) X(reset) X(clear_bindings)   \
  X(bind_int64) X(bind_text) X(bind_blob) X(bind_zeroblob) X(bind_null) X(bind_parameter_count) X(bind_parameter_index) \
  X(column_type) X(column_int64) X(column_text) X(column_blob) X(column_bytes) X(column_count) X(free)
// clang-format on

/// The functions, named as in the C API without "sqlite3_". Lives until the end of the process.
struct SqlcipherLibrary {
#define SALLYPORT_MEMBER(name) decltype(&::sqlite3_##name) name;  // NOLINT(bugprone-macro-parentheses): a name
  SALLYPORT_SQLCIPHER_FUNCTIONS(SALLYPORT_MEMBER)
#undef SALLYPORT_MEMBER

  /// The first of `names` that can be loaded. Errc::unsupported if none can, or if it is a plain SQLite without keys.
  static base::Result<SqlcipherLibrary> load(std::span<const char* const> names);
  /// The system's, loaded once. Thread-safe.
  static base::Result<const SqlcipherLibrary*> system();
};

}  // namespace sallyport::vault
