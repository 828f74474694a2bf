#include "sqlcipher_error.hpp"

namespace sallyport::vault {
namespace {

base::Errc constraint_errc(int extended_code) noexcept {
  const bool unique = extended_code == SQLITE_CONSTRAINT_UNIQUE || extended_code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                      extended_code == SQLITE_CONSTRAINT_ROWID;
  return unique ? base::Errc::exists : base::Errc::conflict;
}

std::string_view advice(base::Errc code, int primary) noexcept {
  if (primary == SQLITE_FULL) return "; free some disk space and try again";
  if (code == base::Errc::corrupt) return "; restore it from a backup";
  return "";
}

}  // namespace

base::Errc sqlcipher_errc(int extended_code) noexcept {
  switch (extended_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return constraint_errc(extended_code);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
      return base::Errc::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::Errc::corrupt;
    case SQLITE_TOOBIG:
      return base::Errc::limit;
    case SQLITE_AUTH:
      return base::Errc::denied;
    default:
      return base::Errc::internal;
  }
}

base::Error sqlcipher_error(const SqlcipherLibrary& library, sqlite3* connection, int code, const std::string& name,
                            std::string_view doing) {
  const base::Errc kind = sqlcipher_errc(code);
  std::string text = name + ": " + std::string(doing) + ": ";
  text += connection != nullptr ? library.errmsg(connection) : "out of memory";
  text += advice(kind, code & 0xff);
  return base::Error(kind, std::move(text));
}

}  // namespace sallyport::vault
