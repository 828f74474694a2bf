#pragma once
// Prepared statements by the address of their literal. SQL is constant text, so the cache is as large as the program.
#include <unordered_map>

#include "sallyport/vault/database.hpp"

namespace sallyport::vault {

struct CachedStatement {
  std::unique_ptr<DriverStatement> statement;
  bool taken = false;
};

struct Database::Cache {
  std::unordered_map<const char*, CachedStatement> entries;
};

/// A statement in use: the cached one, or one of its own when that is taken already. Reset when it is given back.
struct Statement::Use {
  CachedStatement* cached = nullptr;
  std::unique_ptr<DriverStatement> own;

  DriverStatement& get() const noexcept { return cached != nullptr ? *cached->statement : *own; }
  Use() = default;
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    if (cached == nullptr) return;
    cached->statement->reset();
    cached->taken = false;
  }
};

}  // namespace sallyport::vault
