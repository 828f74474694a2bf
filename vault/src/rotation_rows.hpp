#pragma once
// Rotations read from the store. What changes them stands in rotation.cpp, what is due in rotation_due.cpp.
#include "sallyport/vault/rotation.hpp"
#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

base::Result<std::optional<Rotation>> find_open_rotation(Transaction& tx, const base::AccountId& account);

}  // namespace sallyport::vault
