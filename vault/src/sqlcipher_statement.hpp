#pragma once
// One prepared statement of SQLCipher.
#include <array>

#include "sallyport/vault/driver.hpp"
#include "sqlcipher_library.hpp"

namespace sallyport::vault {

class SqlcipherStatement final : public DriverStatement {
 public:
  static constexpr int kMaxParams = 32;

  /// Errc::invalid unless the parameters are exactly $1..$n. `library` and `name` must outlive the statement.
  static base::Result<std::unique_ptr<DriverStatement>> prepare(const SqlcipherLibrary& library, sqlite3* connection,
                                                                const std::string& name, std::string_view sql);
  ~SqlcipherStatement() override;

  base::Result<> bind(std::span<const Param> params) override;
  base::Result<bool> step() override;
  std::int64_t changed_rows() const override { return changed_; }
  void reset() noexcept override;
  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  base::ByteView blob(int column) const override;

 private:
  SqlcipherStatement(const SqlcipherLibrary& library, sqlite3* connection, const std::string& name,
                     sqlite3_stmt* statement) noexcept
      : library_(library), connection_(connection), name_(name), statement_(statement) {}
  base::Result<> number_params();
  int bind_one(int index, const Param::Value& value);
  int type(int column) const;

  const SqlcipherLibrary& library_;
  sqlite3* connection_;
  const std::string& name_;
  sqlite3_stmt* statement_;
  std::array<int, kMaxParams> index_of_{};  // SQLite numbers $names by first appearance: $n stands at index_of_[n - 1]
  std::size_t params_ = 0;
  std::int64_t changed_ = 0;
};

}  // namespace sallyport::vault
