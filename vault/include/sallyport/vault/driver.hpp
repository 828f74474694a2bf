#pragma once
// What a database must offer to sit under Database. Implemented by drivers, used by Database alone.
// Errors: exists (a unique rule), conflict (another rule of the schema), unavailable (full, busy, gone: try later),
// corrupt (the stored bytes do not verify), internal.
#include <memory>
#include <span>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/vault/statement.hpp"

namespace sallyport::vault {

/// One prepared text. Parameters are numbered: $2 is the second Param wherever it stands in the text.
class DriverStatement {
 public:
  virtual ~DriverStatement() = default;
  /// The number of Params must be that of the text; anything else is our bug.
  virtual base::Result<> bind(std::span<const Param> params) = 0;
  virtual base::Result<bool> step() = 0;
  virtual std::int64_t changed_rows() const = 0;  ///< by the step just done
  virtual void reset() noexcept = 0;              ///< back to before bind(); lets go of bound bytes

  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual base::ByteView blob(int column) const = 0;
};

enum class Access : unsigned char { read, write };

/// One connection, one owner thread.
class DriverConnection {
 public:
  virtual ~DriverConnection() = default;
  virtual base::Result<std::unique_ptr<DriverStatement>> prepare(std::string_view sql) = 0;
  /// Several statements without parameters or rows (migrations).
  virtual base::Result<> script(std::string_view sql) = 0;
  /// A write transaction takes the store's one write lock at once.
  virtual base::Result<> begin(Access access) = 0;
  /// Returns only after the change would survive a power cut.
  virtual base::Result<> commit() = 0;
  virtual void rollback() noexcept = 0;
  /// False once the database ended the transaction by itself (disk full, I/O error).
  virtual bool in_transaction() const noexcept = 0;
  /// Names the store in errors.
  virtual const std::string& name() const noexcept = 0;
};

}  // namespace sallyport::vault
