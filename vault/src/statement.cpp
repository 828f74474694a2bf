#include "sallyport/vault/statement.hpp"

#include "statement_cache.hpp"

namespace sallyport::vault {

Statement::Statement(Transaction& transaction, std::unique_ptr<Use> use) noexcept
    : transaction_(&transaction), use_(std::move(use)) {}
Statement::Statement(Statement&& other) noexcept = default;
Statement::~Statement() = default;

DriverStatement& Statement::driver() const noexcept { return use_->get(); }

base::Result<bool> Statement::next() {
  SALLYPORT_TRYV(transaction_->check());
  auto row = driver().step();
  if (!row) return transaction_->failed(row.error());
  return row;
}

bool Statement::is_null(int column) const { return driver().is_null(column); }
std::int64_t Statement::integer(int column) const { return driver().integer(column); }
std::string_view Statement::text(int column) const { return driver().text(column); }
base::ByteView Statement::blob(int column) const { return driver().blob(column); }

std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}
std::optional<std::string_view> Statement::maybe_text(int column) const {
  return is_null(column) ? std::nullopt : std::optional(text(column));
}
std::optional<base::ByteView> Statement::maybe_blob(int column) const {
  return is_null(column) ? std::nullopt : std::optional(blob(column));
}

}  // namespace sallyport::vault
