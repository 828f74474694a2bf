#include "sqlcipher_connection.hpp"

#include <fcntl.h>

#include <cerrno>

#include "sallyport/base/fd.hpp"
#include "sqlcipher_diagnosis.hpp"
#include "sqlcipher_error.hpp"
#include "sqlcipher_profile.hpp"
#include "sqlcipher_statement.hpp"

namespace sallyport::vault {
namespace {

constexpr int kBusyWaitMs = 250;

/// SQLite would make it readable for everyone; its WAL takes the mode of this file.
base::Result<> make_empty_file(const std::filesystem::path& file) {
  const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd) return base::ok();
  if (errno == EEXIST) return base::fail(base::Errc::exists, file.string() + ": there is a store already");
  return base::fail_errno(file.string() + ": cannot be made", errno);
}

/// Only a key declared as INTEGER is the table's own order in SQLite; as BIGINT it would cost a second tree to write.
std::string native_schema(std::string_view sql) {
  constexpr std::string_view kPortable = "BIGINT PRIMARY KEY";
  std::string text(sql);
  for (auto at = text.find(kPortable); at != std::string::npos; at = text.find(kPortable, at))
    text.replace(at, kPortable.size(), "INTEGER PRIMARY KEY");
  return text;
}

base::Result<std::unique_ptr<SqlcipherConnection>> open_checked(const SqlcipherLibrary& library,
                                                                const std::filesystem::path& file,
                                                                const base::SecretBytes& page_key) {
  SALLYPORT_TRY(auto connection, SqlcipherConnection::open(library, file, page_key));
  SALLYPORT_TRYV(connection->check());
  return connection;
}

}  // namespace

base::Result<std::unique_ptr<SqlcipherConnection>> SqlcipherConnection::open(const SqlcipherLibrary& library,
                                                                             const std::filesystem::path& file,
                                                                             const base::SecretBytes& page_key) {
  sqlite3* raw = nullptr;
  const int code = library.open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqlcipherConnection> connection(new SqlcipherConnection(library, file.string(), raw));
  if (code != SQLITE_OK) return sqlcipher_error(library, raw, code, connection->name_, "opening");
  library.extended_result_codes(raw, 1);
  library.busy_timeout(raw, kBusyWaitMs);
  SALLYPORT_TRYV(apply_profile(library, raw, connection->name_, page_key));
  return connection;
}

base::Result<> SqlcipherConnection::check() const { return check_pages(library_, connection_.get(), name_); }

void SqlcipherConnection::lock_down() const { vault::lock_down(library_, connection_.get()); }

base::Result<> SqlcipherConnection::run(const char* sql, std::string_view doing) {
  const int code = library_.exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return base::ok();
  return sqlcipher_error(library_, connection_.get(), code, name_, doing);
}

base::Result<std::unique_ptr<DriverStatement>> SqlcipherConnection::prepare(std::string_view sql) {
  return SqlcipherStatement::prepare(library_, connection_.get(), name_, sql);
}

base::Result<> SqlcipherConnection::script(std::string_view sql) { return run(native_schema(sql).c_str(), "running"); }

base::Result<> SqlcipherConnection::begin(Access access) {
  return run(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED", "beginning");
}

base::Result<> SqlcipherConnection::commit() { return run("COMMIT", "committing"); }

void SqlcipherConnection::rollback() noexcept {
  if (in_transaction()) library_.exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool SqlcipherConnection::in_transaction() const noexcept { return library_.get_autocommit(connection_.get()) == 0; }

base::Result<std::unique_ptr<DriverConnection>> open_sqlcipher(const SqlcipherLibrary& library,
                                                               const std::filesystem::path& file,
                                                               const base::SecretBytes& page_key, OpenMode mode) {
  SALLYPORT_TRYV(mode == OpenMode::create ? make_empty_file(file) : check_store_file(file));
  auto connection = open_checked(library, file, page_key);
  if (!connection) {
    // No connection has the file open any more: it may be looked at.
    const bool damage = mode == OpenMode::existing && connection.error().code() != base::Errc::unsupported;
    return damage ? diagnose_store(file, page_key, connection.error()) : connection.error();
  }
  connection.value()->lock_down();
  return std::unique_ptr<DriverConnection>(std::move(connection).value());
}

base::Result<std::unique_ptr<DriverConnection>> open_sqlcipher(const std::filesystem::path& file,
                                                               const base::SecretBytes& page_key, OpenMode mode) {
  SALLYPORT_TRY(const SqlcipherLibrary* library, SqlcipherLibrary::system());
  return open_sqlcipher(*library, file, page_key, mode);
}

}  // namespace sallyport::vault
