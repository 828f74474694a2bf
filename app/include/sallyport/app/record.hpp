#pragma once
// What an operation takes and gives: values by field name, bound to a schema of the operation table (operation.hpp).
// The binary form travels between our processes; docs/operations.md has the grammar. JSON exists at the edges only.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/app/frame.hpp"
#include "sallyport/base/bytes.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

enum class FieldType : std::uint8_t {
  text,          ///< valid UTF-8 without control characters; `max` bytes
  words,         ///< text of names with commas between; in JSON an array of them. Read and set as text
  number,        ///< 0..2^53-1 (what JSON carries exactly); at most `max` unless max is 0
  flag,          ///< true or false
  secret,        ///< text that is secret: kept in locked memory; `max` bytes
  secret_bytes,  ///< binary and secret (keys); base64 in JSON; `max` bytes
  bytes,         ///< binary; base64 in JSON; `max` bytes
  list,          ///< records of `item`; `max` of them
};

struct Field {
  std::string_view name;
  FieldType type;
  std::uint32_t max;
  bool required;
  std::string_view doc;
  std::span<const Field> item{};  ///< of a list
};
using Fields = std::span<const Field>;

inline constexpr std::uint64_t kMaxNumber = (std::uint64_t{1} << 53U) - 1;
inline constexpr std::size_t kMaxRecord = 768U << 10U;  ///< encoded bytes; below the frame's bound

/// Move-only, since it may hold secrets. The schema must outlive it (all of ours are static).
/// Reading or setting a field that the schema does not have, or as another type, is our own bug and ends the process;
/// a field that is absent reads as empty, 0 or false: ask has() where that differs.
class Record {
 public:
  explicit Record(Fields schema = {});
  Record(Record&&) noexcept = default;
  Record& operator=(Record&&) noexcept = default;

  bool has(std::string_view name) const;
  std::string_view text(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;
  bool flag(std::string_view name) const;
  const base::SecretBytes& secret(std::string_view name) const;  ///< secret and secret_bytes
  base::ByteView bytes(std::string_view name) const;
  std::span<const Record> list(std::string_view name) const;
  /// Moves the items out; the field is absent afterwards.
  std::vector<Record> take_list(std::string_view name);
  /// Moves the secret out; the field is absent afterwards.
  base::SecretBytes take_secret(std::string_view name);

  Record& set(std::string_view name, std::string_view text);
  Record& set(std::string_view name, const char* text) { return set(name, std::string_view(text)); }
  Record& set(std::string_view name, std::uint64_t number);
  Record& set_flag(std::string_view name, bool flag);
  Record& set(std::string_view name, base::SecretBytes secret);
  Record& set(std::string_view name, base::Bytes bytes);
  /// Appends an empty record of the list's item schema and gives it; valid until the next add to the same list.
  Record& add(std::string_view list_name);
  /// An empty list, if it is absent: for answers with no rows.
  Record& set_list(std::string_view name);
  /// Moves in every value of `other`, whose schema is a part of this one.
  void absorb(Record&& other);
  /// Drops a field's value.
  void clear(std::string_view name);

  Fields schema() const noexcept { return schema_; }
  bool has_at(std::size_t index) const { return values_[index].index() != 0; }
  bool holds_secret() const;

 private:
  friend base::Result<> check(const Record& record);
  friend base::Result<Record> decode_front(base::Reader& reader, Fields schema);
  template <class Writer>
  friend struct RecordWriter;
  friend struct RecordSize;
  friend struct RecordReader;
  using Value = std::variant<std::monostate, std::string, std::uint64_t, bool, base::SecretBytes, base::Bytes,
                             std::vector<Record>>;
  std::size_t find(std::string_view name) const;
  template <class T>
  const T* value(std::string_view name) const;
  template <class T>
  Record& put(std::string_view name, FieldType type, T value);

  Fields schema_;
  std::vector<Value> values_;
};

/// Errc::invalid, naming the field, when a required field is absent or a value is over its bound or not plain text.
base::Result<> check(const Record& record);
/// check(), then the binary form: in locked memory where a secret is set (at most Payload::kMaxSecretPayload), else in
/// ordinary memory (at most kMaxRecord). Errc::limit beyond that.
base::Result<Payload> encode(const Record& record);
/// Bytes of its binary form.
std::size_t encoded_size(const Record& record);
/// Strict: unknown, repeated, out-of-order or over-long fields, a missing required field and bytes left over are all
/// Errc::invalid. For every accepted input, encode(decode(x)) == x.
base::Result<Record> decode(base::ByteView bytes, Fields schema);
/// One record off the front of a reader (an envelope before a record).
base::Result<Record> decode_front(base::Reader& reader, Fields schema);

}  // namespace sallyport::app
