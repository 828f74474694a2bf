#include "sallyport/vault/database.hpp"

#include "statement_cache.hpp"

namespace sallyport::vault {

Database::Database(std::unique_ptr<DriverConnection> connection)
    : connection_(std::move(connection)), cache_(std::make_unique<Cache>()) {}

Database::~Database() { SALLYPORT_ENSURE(!busy_); }

base::Result<Transaction> Database::begin(Access access) {
  SALLYPORT_ENSURE(!busy_);
  SALLYPORT_TRYV(connection_->begin(access));
  busy_ = true;
  return Transaction(*this);
}

}  // namespace sallyport::vault
