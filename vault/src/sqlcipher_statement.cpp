#include "sqlcipher_statement.hpp"

#include <new>

#include "sqlcipher_error.hpp"

namespace sallyport::vault {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

base::Result<std::unique_ptr<DriverStatement>> SqlcipherStatement::prepare(const SqlcipherLibrary& library,
                                                                           sqlite3* connection, const std::string& name,
                                                                           std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = library.prepare_v2(connection, sql.data(), static_cast<int>(sql.size()), &raw, &tail);
  if (code != SQLITE_OK) return sqlcipher_error(library, connection, code, name, "preparing");
  std::unique_ptr<SqlcipherStatement> statement(new SqlcipherStatement(library, connection, name, raw));
  if (raw == nullptr || tail != sql.data() + sql.size())
    return base::fail(base::Errc::invalid, name + ": not exactly one SQL statement");
  SALLYPORT_TRYV(statement->number_params());
  return std::unique_ptr<DriverStatement>(std::move(statement));
}

SqlcipherStatement::~SqlcipherStatement() { library_.finalize(statement_); }

base::Result<> SqlcipherStatement::number_params() {
  const int count = library_.bind_parameter_count(statement_);
  if (count > kMaxParams) return base::fail(base::Errc::limit, name_ + ": too many SQL parameters");
  for (int number = 1; number <= count; ++number) {
    const std::string param = "$" + std::to_string(number);
    const int index = library_.bind_parameter_index(statement_, param.c_str());
    if (index == 0) return base::fail(base::Errc::invalid, name_ + ": SQL parameters must be $1..$n; no " + param);
    index_of_[static_cast<std::size_t>(number - 1)] = index;
  }
  params_ = static_cast<std::size_t>(count);
  return base::ok();
}

int SqlcipherStatement::bind_one(int index, const Param::Value& value) {
  // Copied (TRANSIENT): a query's rows are stepped through after the caller's values may have gone.
  const auto text = [&](std::string_view t) {
    return library_.bind_text(statement_, index, t.data() != nullptr ? t.data() : "", static_cast<int>(t.size()),
                              SQLITE_TRANSIENT);
  };
  const auto bytes = [&](base::ByteView b) {
    if (b.empty()) return library_.bind_zeroblob(statement_, index, 0);
    return library_.bind_blob(statement_, index, b.data(), static_cast<int>(b.size()), SQLITE_TRANSIENT);
  };
  return std::visit(Overloaded{[&](std::monostate) { return library_.bind_null(statement_, index); },
                               [&](std::int64_t n) { return library_.bind_int64(statement_, index, n); }, text, bytes},
                    value);
}

base::Result<> SqlcipherStatement::bind(std::span<const Param> params) {
  SALLYPORT_ENSURE(params.size() == params_);
  for (std::size_t i = 0; i < params.size(); ++i) {
    const int code = bind_one(index_of_[i], params[i].value());
    if (code != SQLITE_OK) return sqlcipher_error(library_, connection_, code, name_, "binding");
  }
  return base::ok();
}

base::Result<bool> SqlcipherStatement::step() {
  const int code = library_.step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    changed_ = library_.changes(connection_);
    return false;
  }
  return sqlcipher_error(library_, connection_, library_.extended_errcode(connection_), name_, "running");
}

void SqlcipherStatement::reset() noexcept {
  library_.reset(statement_);
  library_.clear_bindings(statement_);
}

int SqlcipherStatement::type(int column) const {
  SALLYPORT_ENSURE(column >= 0 && column < library_.column_count(statement_));
  return library_.column_type(statement_, column);
}

bool SqlcipherStatement::is_null(int column) const { return type(column) == SQLITE_NULL; }

std::int64_t SqlcipherStatement::integer(int column) const {
  SALLYPORT_ENSURE(type(column) == SQLITE_INTEGER);
  return library_.column_int64(statement_, column);
}

std::string_view SqlcipherStatement::text(int column) const {
  SALLYPORT_ENSURE(type(column) == SQLITE_TEXT);
  const unsigned char* data = library_.column_text(statement_, column);
  if (data == nullptr) throw std::bad_alloc();  // nothing else makes a text of none
  return base::as_text({data, static_cast<std::size_t>(library_.column_bytes(statement_, column))});
}

base::ByteView SqlcipherStatement::blob(int column) const {
  SALLYPORT_ENSURE(type(column) == SQLITE_BLOB);
  const auto* data = static_cast<const std::uint8_t*>(library_.column_blob(statement_, column));
  return {data, static_cast<std::size_t>(library_.column_bytes(statement_, column))};
}

}  // namespace sallyport::vault
