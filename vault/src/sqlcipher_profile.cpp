#include "sqlcipher_profile.hpp"

#include <cstring>
#include <utility>

#include "sallyport/base/text.hpp"
#include "sqlcipher_error.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;

/// The first column of the last row, or empty: the way pragmas answer.
struct Answer {
  std::string text;
  int rows = 0;
};

int collect(void* answer_pointer, int columns, char** values, char**) {
  auto& answer = *static_cast<Answer*>(answer_pointer);
  ++answer.rows;
  if (columns > 0 && values[0] != nullptr) answer.text = values[0];
  return 0;
}

class Pragmas {
 public:
  Pragmas(const SqlcipherLibrary& library, sqlite3* connection, const std::string& name)
      : library_(library), connection_(connection), name_(name) {}

  base::Result<Answer> run(const char* sql) const {
    Answer answer;
    const int code = library_.exec(connection_, sql, collect, &answer, nullptr);
    if (code != SQLITE_OK) return sqlcipher_error(library_, connection_, code, name_, "opening");
    return answer;
  }

  /// Sets, asks again, and compares.
  base::Result<> set(const char* set_sql, const char* ask_sql, std::string_view expected) const {
    SALLYPORT_TRYV(run(set_sql));
    SALLYPORT_TRY(const Answer answer, run(ask_sql));
    if (answer.text == expected) return base::ok();
    return base::fail(Errc::unsupported, name_ + ": the SQLCipher library did not take \"" + set_sql +
                                             "\" (it says \"" + base::escape_text(answer.text) + "\")");
  }

 private:
  const SqlcipherLibrary& library_;
  sqlite3* connection_;
  const std::string& name_;
};

/// x'<64 hex>': a raw key, so that SQLCipher stretches nothing.
base::SecretBytes raw_key_text(const base::SecretBytes& key) {
  static constexpr char kDigits[] = "0123456789abcdef";
  SALLYPORT_ENSURE(key.size() == 32);
  base::SecretBytes text(67);
  auto out = text.expose_mutable();
  out[0] = 'x';
  out[1] = '\'';
  out[66] = '\'';
  for (std::size_t i = 0; i < 32; ++i) {
    const std::uint8_t byte = key.expose()[i];
    out[2 + 2 * i] = static_cast<std::uint8_t>(kDigits[byte >> 4U]);
    out[3 + 2 * i] = static_cast<std::uint8_t>(kDigits[byte & 15U]);
  }
  return text;
}

base::Result<> set_cipher(const SqlcipherLibrary& library, sqlite3* connection, const Pragmas& pragmas,
                          const std::string& name, const base::SecretBytes& page_key) {
  SALLYPORT_TRY(const Answer version, pragmas.run("PRAGMA cipher_version"));
  if (version.text.empty())
    return base::fail(Errc::unsupported, name + ": this SQLite library does not encrypt; install libsqlcipher");
  // 3.x writes format 3 and knows no other. 4.x must be told so (after the key, before the page size), and writes its
  // troubles to stderr unless told not to: here they become Errors.
  const bool old = version.text[0] == '3';
  if (!old) {
    SALLYPORT_TRYV(pragmas.run("PRAGMA cipher_log_level=NONE"));
  }
  const base::SecretBytes text = raw_key_text(page_key);
  const int code = library.key(connection, text.expose().data(), static_cast<int>(text.size()));
  if (code != SQLITE_OK) return sqlcipher_error(library, connection, code, name, "opening");
  if (!old) {
    SALLYPORT_TRYV(pragmas.run("PRAGMA cipher_compatibility=3"));
  }
  return pragmas.set("PRAGMA cipher_page_size=4096", "PRAGMA cipher_page_size", "4096");
}

int authorize(void*, int action, const char*, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
      return SQLITE_DENY;
    case SQLITE_FUNCTION: {
      const bool forbidden = second != nullptr && (std::strcmp(second, "load_extension") == 0 ||
                                                   std::strncmp(second, "sqlcipher_", 10) == 0);
      return forbidden ? SQLITE_DENY : SQLITE_OK;
    }
    default:
      return SQLITE_OK;
  }
}

}  // namespace

base::Result<> apply_profile(const SqlcipherLibrary& library, sqlite3* connection, const std::string& name,
                             const base::SecretBytes& page_key) {
  const Pragmas pragmas(library, connection, name);
  SALLYPORT_TRYV(set_cipher(library, connection, pragmas, name, page_key));
  // Before anything that could spill rows to a temporary file, and before the first page is read.
  SALLYPORT_TRYV(pragmas.set("PRAGMA temp_store=2", "PRAGMA temp_store", "2"));
  SALLYPORT_TRYV(pragmas.set("PRAGMA cell_size_check=1", "PRAGMA cell_size_check", "1"));
  SALLYPORT_TRYV(pragmas.set("PRAGMA mmap_size=0", "PRAGMA mmap_size", "0"));
  // 2 MB by default, which a year of checkouts outgrows; a page that is not here is read, verified and decrypted.
  SALLYPORT_TRYV(pragmas.set("PRAGMA cache_size=-16384", "PRAGMA cache_size", "-16384"));
  SALLYPORT_TRYV(pragmas.set("PRAGMA journal_mode=wal", "PRAGMA journal_mode", "wal"));
  SALLYPORT_TRYV(pragmas.set("PRAGMA synchronous=2", "PRAGMA synchronous", "2"));
  SALLYPORT_TRYV(pragmas.set("PRAGMA foreign_keys=1", "PRAGMA foreign_keys", "1"));
  SALLYPORT_TRYV(pragmas.set("PRAGMA secure_delete=1", "PRAGMA secure_delete", "1"));
  SALLYPORT_TRYV(pragmas.set("PRAGMA wal_autocheckpoint=1000", "PRAGMA wal_autocheckpoint", "1000"));
  return pragmas.set("PRAGMA journal_size_limit=16777216", "PRAGMA journal_size_limit", "16777216");
}

base::Result<> check_pages(const SqlcipherLibrary& library, sqlite3* connection, const std::string& name) {
  SALLYPORT_TRY(const Answer answer, Pragmas(library, connection, name).run("PRAGMA quick_check(1)"));
  if (answer.text == "ok") return base::ok();
  return base::fail(Errc::corrupt, name + ": damaged: " + base::escape_text(answer.text));
}

void lock_down(const SqlcipherLibrary& library, sqlite3* connection) {
  static constexpr std::pair<int, int> kLimits[] = {
      {SQLITE_LIMIT_LENGTH, 4 << 20},          {SQLITE_LIMIT_SQL_LENGTH, 64 << 10}, {SQLITE_LIMIT_COLUMN, 64},
      {SQLITE_LIMIT_EXPR_DEPTH, 50},           {SQLITE_LIMIT_COMPOUND_SELECT, 10},  {SQLITE_LIMIT_ATTACHED, 0},
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100}, {SQLITE_LIMIT_VARIABLE_NUMBER, 32},  {SQLITE_LIMIT_TRIGGER_DEPTH, 5},
      {SQLITE_LIMIT_WORKER_THREADS, 0}};
  for (const auto& [which, value] : kLimits) library.limit(connection, which, value);
  library.set_authorizer(connection, authorize, nullptr);
}

}  // namespace sallyport::vault
