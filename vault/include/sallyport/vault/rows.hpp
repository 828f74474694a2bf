#pragma once
// Columns as the types of repositories. What does not parse was not written by us: Errc::corrupt.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/base/ids.hpp"
#include "sallyport/vault/keyring.hpp"
#include "sallyport/vault/labels.hpp"
#include "sallyport/vault/lease.hpp"
#include "sallyport/vault/transaction.hpp"

namespace sallyport::vault {

inline std::int64_t wall_ms(const Moment& now) noexcept { return base::to_unix_ms(now.wall); }
inline std::int64_t mono_ms(const Moment& now) noexcept { return now.mono.time_since_epoch().count(); }

inline base::Error corrupt_row(std::string_view what) {
  return base::fail(base::Errc::corrupt, "a row of the store holds a malformed " + std::string(what));
}

template <class IdType>
base::Result<IdType> read_id(const Statement& row, int column) {
  auto id = IdType::parse(row.text(column));
  if (!id) return corrupt_row("id");
  return id;
}

template <class IdType>
base::Result<std::optional<IdType>> read_maybe_id(const Statement& row, int column) {
  if (row.is_null(column)) return std::optional<IdType>();
  SALLYPORT_TRY(auto id, read_id<IdType>(row, column));
  return std::optional<IdType>(std::move(id));
}

inline base::WallTime read_time(const Statement& row, int column) { return base::from_unix_ms(row.integer(column)); }

inline std::optional<base::WallTime> read_maybe_time(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return read_time(row, column);
}

inline std::uint32_t read_u32(const Statement& row, int column) {
  return static_cast<std::uint32_t>(row.integer(column));
}
inline std::string read_text(const Statement& row, int column) { return std::string(row.text(column)); }

/// Three columns: wall, mono, boot.
inline Moment read_moment(const Statement& row, int column) {
  return {read_time(row, column), base::MonoTime(base::Milliseconds(row.integer(column + 1))),
          read_text(row, column + 2)};
}
/// Four columns: wall, mono, boot, length.
inline Lease read_lease(const Statement& row, int column) {
  return {read_moment(row, column), base::Milliseconds(row.integer(column + 3))};
}

inline base::Result<Labels> read_labels(const Statement& row, int column) {
  auto labels = parse_labels(row.text(column));
  if (!labels) return corrupt_row("label");
  return labels;
}

/// Three columns: KEK version, wrapped DEK, sealed.
inline Envelope read_envelope(const Statement& row, int column) {
  const base::ByteView wrapped = row.blob(column + 1);
  const base::ByteView sealed = row.blob(column + 2);
  return {read_u32(row, column), {wrapped.begin(), wrapped.end()}, {sealed.begin(), sealed.end()}};
}

/// The number of an enumeration whose values are 1..last.
template <class Enum>
base::Result<Enum> read_enum(const Statement& row, int column, Enum last) {
  const std::int64_t number = row.integer(column);
  if (number < 1 || number > static_cast<std::int64_t>(last)) return corrupt_row("state");
  return static_cast<Enum>(number);
}

/// Whether the query has a row.
template <class... Params>
base::Result<bool> exists(Transaction& tx, Sql sql, const Params&... params) {
  SALLYPORT_TRY(auto rows, tx.query(sql, params...));
  return rows.next();
}

/// Every row through `read`, which returns Result<T>.
template <class Read>
auto read_all(Statement rows, Read read) -> base::Result<std::vector<typename decltype(read(rows))::value_type>> {
  std::vector<typename decltype(read(rows))::value_type> all;
  for (;;) {
    SALLYPORT_TRY(const bool more, rows.next());
    if (!more) return all;
    SALLYPORT_TRY(auto one, read(rows));
    all.push_back(std::move(one));
  }
}

/// The first row through `read`, or nothing.
template <class Read>
auto read_first(Statement rows, Read read) -> base::Result<std::optional<typename decltype(read(rows))::value_type>> {
  using Found = std::optional<typename decltype(read(rows))::value_type>;
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return Found();
  SALLYPORT_TRY(auto one, read(rows));
  return Found(std::move(one));
}

/// A text as a pattern of LIKE that stands for itself, with '!' as its escape.
inline std::string as_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out;
}

/// The only id that begins so. `sql` gives those from $1 on and before $2, two of them at most. Errc::invalid when it
/// is no id's beginning or the beginning of several, Errc::not_found. `more`: $3 and so on.
template <class IdType, class... More>
base::Result<IdType> complete_id(Transaction& tx, Sql sql, std::string_view begin, const More&... more) {
  constexpr std::size_t kLeast = 4;
  auto whole = IdType::parse(begin);
  if (whole || begin.size() < kLeast || begin.size() >= IdType::kLength) return whole;
  if (begin.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") != std::string_view::npos) return whole;
  SALLYPORT_TRY(auto rows, tx.query(sql, begin, std::string(begin) + '{', more...));  // '{' follows 'z'
  SALLYPORT_TRY(const bool found, rows.next());
  if (!found) return base::fail(base::Errc::not_found, "no id begins with " + std::string(begin));
  SALLYPORT_TRY(auto id, read_id<IdType>(rows, 0));
  SALLYPORT_TRY(const bool another, rows.next());
  if (another)
    return base::fail(base::Errc::invalid, "several ids begin with " + std::string(begin) + "; give more letters");
  return id;
}

inline constexpr std::size_t kMaxPage = 1000;
inline std::size_t page_limit(std::size_t wanted) noexcept { return wanted < kMaxPage ? wanted : kMaxPage; }

inline constexpr std::string_view kTenant = "default";

}  // namespace sallyport::vault
