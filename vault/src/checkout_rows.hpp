#pragma once
// Checkouts read from the store. What changes them stands in checkout.cpp.
#include <vector>

#include "sallyport/vault/checkout.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

/// By state alone, whatever their leases say; newest first.
base::Result<std::vector<Checkout>> active_checkouts(Transaction& tx);
base::Result<std::vector<Checkout>> active_checkouts_of(Transaction& tx, const base::AccountId& account);

}  // namespace sallyport::vault
