#include "sallyport/app/record.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"

// Binary form (docs/operations.md): record = *(u8 index+1 | value) u8 0, indexes strictly ascending.
namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

bool is_secret(FieldType type) { return type == FieldType::secret || type == FieldType::secret_bytes; }

base::Error bad(const Field& field, std::string_view why) {
  return fail(Errc::invalid, std::string(field.name) + " " + std::string(why));
}

bool is_text_of(const Field& field, std::string_view text) { return base::is_plain_text(text, field.max); }

Result<> check_number(const Field& field, std::uint64_t number) {
  const std::uint64_t most = field.max == 0 ? kMaxNumber : field.max;
  if (number > most) return bad(field, "is larger than " + std::to_string(most));
  return base::ok();
}

}  // namespace

Record::Record(Fields schema) : schema_(schema), values_(schema.size()) {}

std::size_t Record::find(std::string_view name) const {
  std::size_t index = 0;
  while (index < schema_.size() && schema_[index].name != name) ++index;
  SALLYPORT_ENSURE(index < schema_.size());
  return index;
}

template <class T>
const T* Record::value(std::string_view name) const {
  const auto& held = values_[find(name)];
  if (held.index() == 0) return nullptr;
  SALLYPORT_ENSURE(std::holds_alternative<T>(held));
  return std::get_if<T>(&held);
}

template <class T>
Record& Record::put(std::string_view name, FieldType type, T value) {
  const auto index = find(name);
  const auto wanted = schema_[index].type;
  SALLYPORT_ENSURE(wanted == type || (is_secret(wanted) && is_secret(type)) ||
                   (wanted == FieldType::words && type == FieldType::text));
  values_[index] = std::move(value);
  return *this;
}

bool Record::has(std::string_view name) const { return values_[find(name)].index() != 0; }

std::string_view Record::text(std::string_view name) const {
  const auto* text = value<std::string>(name);
  return text == nullptr ? std::string_view{} : std::string_view(*text);
}

std::uint64_t Record::number(std::string_view name) const {
  const auto* number = value<std::uint64_t>(name);
  return number == nullptr ? 0 : *number;
}

bool Record::flag(std::string_view name) const {
  const auto* flag = value<bool>(name);
  return flag != nullptr && *flag;
}

const base::SecretBytes& Record::secret(std::string_view name) const {
  static const base::SecretBytes none;
  const auto* secret = value<base::SecretBytes>(name);
  return secret == nullptr ? none : *secret;
}

base::ByteView Record::bytes(std::string_view name) const {
  const auto* bytes = value<base::Bytes>(name);
  return bytes == nullptr ? base::ByteView{} : base::ByteView(*bytes);
}

std::span<const Record> Record::list(std::string_view name) const {
  const auto* list = value<std::vector<Record>>(name);
  return list == nullptr ? std::span<const Record>{} : std::span<const Record>(*list);
}

std::vector<Record> Record::take_list(std::string_view name) {
  auto& held = values_[find(name)];
  if (held.index() == 0) return {};
  SALLYPORT_ENSURE(std::holds_alternative<std::vector<Record>>(held));
  auto taken = std::move(std::get<std::vector<Record>>(held));
  held = std::monostate{};
  return taken;
}

base::SecretBytes Record::take_secret(std::string_view name) {
  auto& held = values_[find(name)];
  if (held.index() == 0) return {};
  SALLYPORT_ENSURE(std::holds_alternative<base::SecretBytes>(held));
  auto taken = std::move(std::get<base::SecretBytes>(held));
  held = std::monostate{};
  return taken;
}

Record& Record::set(std::string_view name, std::string_view text) {
  return put(name, FieldType::text, std::string(text));
}
Record& Record::set(std::string_view name, std::uint64_t number) { return put(name, FieldType::number, number); }
Record& Record::set_flag(std::string_view name, bool flag) { return put(name, FieldType::flag, flag); }
Record& Record::set(std::string_view name, base::SecretBytes secret) {
  return put(name, FieldType::secret, std::move(secret));
}
Record& Record::set(std::string_view name, base::Bytes bytes) { return put(name, FieldType::bytes, std::move(bytes)); }

Record& Record::set_list(std::string_view name) {
  return has(name) ? *this : put(name, FieldType::list, std::vector<Record>{});
}

Record& Record::add(std::string_view list_name) {
  set_list(list_name);
  const auto index = find(list_name);
  return std::get<std::vector<Record>>(values_[index]).emplace_back(schema_[index].item);
}

void Record::absorb(Record&& other) {
  for (std::size_t i = 0; i < other.schema_.size(); ++i) {
    if (other.has_at(i)) values_[find(other.schema_[i].name)] = std::move(other.values_[i]);
  }
}

void Record::clear(std::string_view name) { values_[find(name)] = std::monostate{}; }

bool Record::holds_secret() const {
  return std::ranges::any_of(values_, [](const Value& value) {
    if (const auto* list = std::get_if<std::vector<Record>>(&value))
      return std::ranges::any_of(*list, &Record::holds_secret);
    return std::holds_alternative<base::SecretBytes>(value);
  });
}

// What check() asks of one value: encode() and decode() both go through it, so neither side can be laxer than the
// other.
struct RecordCheck {
  const Field& field;
  Result<> operator()(std::monostate) const {
    if (field.required) return bad(field, "is missing");
    return base::ok();
  }
  Result<> operator()(const std::string& text) const {
    if (text.size() > field.max) return bad(field, "is longer than " + std::to_string(field.max) + " bytes");
    if (!is_text_of(field, text)) return bad(field, "must be UTF-8 text without control characters");
    return base::ok();
  }
  Result<> operator()(std::uint64_t number) const { return check_number(field, number); }
  Result<> operator()(bool) const { return base::ok(); }
  Result<> operator()(const base::SecretBytes& secret) const { return check_size(secret.size(), "bytes"); }
  Result<> operator()(const base::Bytes& bytes) const { return check_size(bytes.size(), "bytes"); }
  Result<> operator()(const std::vector<Record>& list) const {
    SALLYPORT_TRYV(check_size(list.size(), "items"));
    for (const auto& item : list) {
      SALLYPORT_TRYV(check(item));
    }
    return base::ok();
  }
  Result<> check_size(std::size_t size, std::string_view unit) const {
    if (size > field.max) return bad(field, "has more than " + std::to_string(field.max) + " " + std::string(unit));
    return base::ok();
  }
};

base::Result<> check(const Record& record) {
  for (std::size_t i = 0; i < record.schema_.size(); ++i) {
    SALLYPORT_TRYV(std::visit(RecordCheck{record.schema_[i]}, record.values_[i]));
  }
  return base::ok();
}

template <class Writer>
struct RecordWriter {
  Writer& out;
  void operator()(std::monostate) const {}
  void operator()(const std::string& text) const { out.block(base::as_bytes(text)); }
  void operator()(std::uint64_t number) const { out.u64(number); }
  void operator()(bool flag) const { out.u8(flag ? 1 : 0); }
  void operator()(const base::SecretBytes& secret) const { out.block(secret.expose()); }
  void operator()(const base::Bytes& bytes) const { out.block(bytes); }
  void operator()(const std::vector<Record>& list) const {
    out.u32(static_cast<std::uint32_t>(list.size()));
    for (const auto& item : list) write(item);
  }
  void write(const Record& record) const {
    for (std::size_t i = 0; i < record.values_.size(); ++i) {
      if (record.values_[i].index() == 0) continue;
      out.u8(static_cast<std::uint8_t>(i + 1));
      std::visit(*this, record.values_[i]);
    }
    out.u8(0);
  }
};

struct RecordSize {
  std::size_t operator()(std::monostate) const { return 0; }
  std::size_t operator()(const std::string& text) const { return 5 + text.size(); }
  std::size_t operator()(std::uint64_t) const { return 9; }
  std::size_t operator()(bool) const { return 2; }
  std::size_t operator()(const base::SecretBytes& secret) const { return 5 + secret.size(); }
  std::size_t operator()(const base::Bytes& bytes) const { return 5 + bytes.size(); }
  std::size_t operator()(const std::vector<Record>& list) const {
    std::size_t sum = 5;
    for (const auto& item : list) sum += of(item);
    return sum;
  }
  static std::size_t of(const Record& record) {
    std::size_t sum = 1;
    for (const auto& value : record.values_) sum += std::visit(RecordSize{}, value);
    return sum;
  }
};

std::size_t encoded_size(const Record& record) { return RecordSize::of(record); }

base::Result<Payload> encode(const Record& record) {
  SALLYPORT_TRYV(check(record));
  const bool locked = record.holds_secret();
  const auto size = encoded_size(record);
  if (size > (locked ? Payload::kMaxSecretPayload : kMaxRecord)) {
    return fail(Errc::limit, "the answer is too long; ask for less at once");
  }
  if (locked) {
    base::SecretWriter out(size);
    RecordWriter<base::SecretWriter>{out}.write(record);
    return Payload(std::move(out).take());
  }
  base::Writer out;
  RecordWriter<base::Writer>{out}.write(record);
  return Payload(std::move(out).take());
}

struct RecordReader {
  base::Reader& in;
  const Field& field;
  Record::Value& into;

  Result<> read() const {
    switch (field.type) {
      case FieldType::text:
      case FieldType::words:
        return read_text();
      case FieldType::number:
        return read_number();
      case FieldType::flag:
        return read_flag();
      case FieldType::secret:
      case FieldType::secret_bytes:
        return read_secret();
      case FieldType::bytes:
        return read_bytes();
      case FieldType::list:
        return read_list();
    }
    return bad(field, "has an unknown type");
  }

 private:
  Result<> read_text() const {
    SALLYPORT_TRY(auto text, in.text(field.max));
    into = std::string(text);
    return base::ok();
  }
  Result<> read_number() const {
    SALLYPORT_TRY(auto number, in.u64());
    into = number;
    return base::ok();
  }
  Result<> read_flag() const {
    SALLYPORT_TRY(auto flag, in.u8());
    if (flag > 1) return bad(field, "must be 0 or 1");
    into = flag == 1;
    return base::ok();
  }
  Result<> read_secret() const {
    SALLYPORT_TRY(auto bytes, in.block(field.max));
    into = base::SecretBytes::copy(bytes);
    return base::ok();
  }
  Result<> read_bytes() const {
    SALLYPORT_TRY(auto bytes, in.block(field.max));
    into = base::Bytes(bytes.begin(), bytes.end());
    return base::ok();
  }
  Result<> read_list() const {
    SALLYPORT_TRY(auto count, in.u32());
    if (count > field.max) return bad(field, "has too many items");
    std::vector<Record> list;
    for (std::uint32_t i = 0; i < count; ++i) {
      SALLYPORT_TRY(auto item, decode_front(in, field.item));
      list.push_back(std::move(item));
    }
    into = std::move(list);
    return base::ok();
  }
};

base::Result<Record> decode_front(base::Reader& reader, Fields schema) {
  Record record(schema);
  for (std::size_t least = 1;;) {
    SALLYPORT_TRY(auto index, reader.u8());
    if (index == 0) break;
    if (index < least || index > schema.size()) return fail(Errc::invalid, "a record has fields out of order");
    least = index + 1U;
    SALLYPORT_TRYV((RecordReader{reader, schema[index - 1U], record.values_[index - 1U]}.read()));
  }
  SALLYPORT_TRYV(check(record));
  return record;
}

base::Result<Record> decode(base::ByteView bytes, Fields schema) {
  base::Reader reader(bytes);
  SALLYPORT_TRY(auto record, decode_front(reader, schema));
  SALLYPORT_TRYV(reader.end());
  return record;
}

}  // namespace sallyport::app
