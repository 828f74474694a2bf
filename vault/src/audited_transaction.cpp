#include "sallyport/vault/audited_transaction.hpp"

#include "sallyport/vault/audit_log.hpp"

namespace sallyport::vault {

void AuditedTransaction::append(const audit::Event& event) { events_.push_back(audit::encode(event)); }

base::Result<> AuditedTransaction::savepoint() {
  SALLYPORT_TRYV(transaction_.savepoint());
  marks_.push_back(events_.size());
  return base::ok();
}

base::Result<> AuditedTransaction::rollback_to_savepoint() {
  SALLYPORT_TRYV(transaction_.rollback_to_savepoint());
  events_.resize(marks_.back());
  return base::ok();
}

base::Result<> AuditedTransaction::release_savepoint() {
  SALLYPORT_TRYV(transaction_.release_savepoint());
  marks_.pop_back();
  return base::ok();
}

base::Result<> AuditedTransaction::commit() {
  auto advance = log_->write(transaction_, events_);
  if (!advance) {
    transaction_.rollback();
    return advance.error();
  }
  SALLYPORT_TRYV(transaction_.commit());
  if (!events_.empty()) log_->adopt(std::move(advance).value());
  return base::ok();
}

}  // namespace sallyport::vault
