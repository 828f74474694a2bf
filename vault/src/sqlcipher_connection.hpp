#pragma once
// One connection to one encrypted file.
#include <memory>

#include "sallyport/vault/driver.hpp"
#include "sqlcipher.hpp"

namespace sallyport::vault {

class SqlcipherConnection final : public DriverConnection {
 public:
  /// Opens, keys and sets up; does not look at pages beyond the first. `library` must outlive the connection.
  static base::Result<std::unique_ptr<SqlcipherConnection>> open(const SqlcipherLibrary& library,
                                                                 const std::filesystem::path& file,
                                                                 const base::SecretBytes& page_key);
  /// Reads every page.
  base::Result<> check() const;
  /// The last step of opening.
  void lock_down() const;

  base::Result<std::unique_ptr<DriverStatement>> prepare(std::string_view sql) override;
  base::Result<> script(std::string_view sql) override;
  base::Result<> begin(Access access) override;
  base::Result<> commit() override;
  void rollback() noexcept override;
  bool in_transaction() const noexcept override;
  const std::string& name() const noexcept override { return name_; }

 private:
  struct Close {
    const SqlcipherLibrary* library;
    void operator()(sqlite3* connection) const noexcept { library->close_v2(connection); }
  };
  SqlcipherConnection(const SqlcipherLibrary& library, std::string name, sqlite3* raw)
      : library_(library), name_(std::move(name)), connection_(raw, Close{&library}) {}
  base::Result<> run(const char* sql, std::string_view doing);

  const SqlcipherLibrary& library_;
  std::string name_;
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace sallyport::vault
