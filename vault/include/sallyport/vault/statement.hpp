#pragma once
// SQL as constant text, its parameters, and the rows that come back. One text runs on every driver
// (docs/vault_format.md, "SQL subset"): parameters are $1..$n, types BIGINT, TEXT and BYTEA, no UPSERT, RETURNING, JSON
// or window functions.
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ids.hpp"

namespace sallyport::vault {

/// A literal in the source. SQL is never put together at run time, so nothing that a stranger sent can become SQL.
class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&literal)[N]) noexcept : text_(literal, N - 1) {}  // NOLINT: meant to be implicit
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// A bound value: NULL, a number, text or bytes. Views what it was made from: lives no longer than the call it is
/// passed to. A disengaged optional is NULL, a bool 0 or 1, an Id its text.
class Param {
 public:
  using Value = std::variant<std::monostate, std::int64_t, std::string_view, base::ByteView>;

  Param(std::nullopt_t) noexcept {}  // NOLINT: all of these are meant to be implicit
  template <std::integral T>
  Param(T number) noexcept : value_(static_cast<std::int64_t>(number)) {}      // NOLINT
  Param(const char* text) noexcept : value_(std::string_view(text)) {}         // NOLINT
  Param(std::string_view text) noexcept : value_(text) {}                      // NOLINT
  Param(const std::string& text) noexcept : value_(std::string_view(text)) {}  // NOLINT
  Param(base::ByteView bytes) noexcept : value_(bytes) {}                      // NOLINT
  Param(const base::Bytes& bytes) noexcept : value_(base::ByteView(bytes)) {}  // NOLINT
  template <std::size_t N>
  Param(const std::array<std::uint8_t, N>& bytes) noexcept : value_(base::ByteView(bytes)) {}  // NOLINT
  template <class Tag>
  Param(const base::Id<Tag>& id) noexcept : Param(id.text()) {}  // NOLINT
  template <class T>
  Param(const std::optional<T>& maybe) noexcept : value_(maybe ? Param(*maybe).value_ : Value{}) {}  // NOLINT

  const Value& value() const noexcept { return value_; }

 private:
  Value value_;
};

class DriverStatement;
class Transaction;

/// The rows of one query, in the order of the text. Column views live until the next next() or the end of the
/// Statement. Columns count from 0. Reading a column as a type that it does not have, or reading NULL, is our bug and
/// ends the process: ask is_null() or use the maybe_* forms. Must not outlive its Transaction.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();  ///< gives the prepared statement back

  /// True while there is a row.
  base::Result<bool> next();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  bool boolean(int column) const { return integer(column) != 0; }
  std::string_view text(int column) const;
  base::ByteView blob(int column) const;
  std::optional<std::int64_t> maybe_integer(int column) const;
  std::optional<std::string_view> maybe_text(int column) const;
  std::optional<base::ByteView> maybe_blob(int column) const;

 private:
  friend class Transaction;
  struct Use;  // a slot of the statement cache, marked as taken
  Statement(Transaction& transaction, std::unique_ptr<Use> use) noexcept;
  DriverStatement& driver() const noexcept;

  Transaction* transaction_;
  std::unique_ptr<Use> use_;
};

}  // namespace sallyport::vault
