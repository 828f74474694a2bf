#pragma once
// The audit log in the store: encoded events with their leaf hashes, the Merkle frontier, signed checkpoints.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sallyport/audit/checkpoint.hpp"
#include "sallyport/audit/event.hpp"
#include "sallyport/audit/frontier.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

/// One entry as it stands in the store.
struct AuditEntry {
  std::uint64_t index;
  base::Bytes event;  ///< audit::Event, encoded: decode with audit's decoder
  base::Digest leaf;
};

/// What verify found. `ok` is false exactly if `problem` says what is wrong, beginning with the first bad entry.
struct AuditReport {
  bool ok = false;
  std::uint64_t entries = 0;
  std::uint64_t checkpoints = 0;
  base::Digest root{};
  std::string problem;
};

}  // namespace sallyport::vault
