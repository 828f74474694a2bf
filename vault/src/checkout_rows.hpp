#pragma once
// Checkouts read from the store. What changes them stands in checkout.cpp.
#include <vector>

#include "sallyport/vault/checkout.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

/// By state alone, whatever their leases say; in no order, which is what lets the index of the active ones serve.
base::Result<std::vector<Checkout>> active_checkouts(Transaction& tx);
/// Those of them that have run out, or whose lease is of an earlier boot.
base::Result<std::vector<Checkout>> due_checkouts(Transaction& tx, const Moment& now);
/// Newest first.
base::Result<std::vector<Checkout>> active_checkouts_of(Transaction& tx, const base::AccountId& account);

}  // namespace sallyport::vault
