#include "record_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>

#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

namespace json = boost::json;

bool has_secret(const Record& record) {
  const auto schema = record.schema();
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (!record.has_at(i)) continue;
    if (schema[i].type == FieldType::secret || schema[i].type == FieldType::secret_bytes) return true;
    if (schema[i].type != FieldType::list) continue;
    const auto items = record.list(schema[i].name);
    if (std::any_of(items.begin(), items.end(), has_secret)) return true;
  }
  return false;
}

bool has_secret(Fields schema) {
  return std::any_of(schema.begin(), schema.end(), [](const Field& field) {
    return field.type == FieldType::secret || field.type == FieldType::secret_bytes || has_secret(field.item);
  });
}

template <class Out>
void put(Out& out, std::string_view text) {
  out.raw(base::as_bytes(text));
}

template <class Out>
void put_text(Out& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  put(out, "\"");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      const char escaped[] = {'\\', c};
      put(out, {escaped, 2});
    } else if (byte < 0x20 || byte == 0x7f) {
      const char escaped[] = {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 15U]};
      put(out, {escaped, 6});
    } else {
      put(out, {&c, 1});
    }
  }
  put(out, "\"");
}

// base64 without a detour through std::string.
template <class Out>
void put_base64(Out& out, base::ByteView bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  put(out, "\"");
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = (bits << 8U) | (i < have ? bytes[at + i] : 0U);
    char group[4];
    for (std::size_t i = 0; i < 4; ++i) group[i] = i <= have ? kAlphabet[(bits >> (18U - 6U * i)) & 63U] : '=';
    put(out, {group, 4});
  }
  put(out, "\"");
}

template <class Out>
void put_record(Out& out, const Record& record, std::string_view lead);

template <class Out>
void put_words(Out& out, std::string_view text) {
  put(out, "[");
  for (bool first = true; !text.empty(); first = false) {
    const auto word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!first) put(out, ",");
    put_text(out, word);
  }
  put(out, "]");
}

template <class Out>
void put_list(Out& out, std::span<const Record> items) {
  put(out, "[");
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) put(out, ",");
    put_record(out, items[i], {});
  }
  put(out, "]");
}

template <class Out>
void put_value(Out& out, const Record& record, const Field& field) {
  switch (field.type) {
    case FieldType::text:
      put_text(out, record.text(field.name));
      break;
    case FieldType::words:
      put_words(out, record.text(field.name));
      break;
    case FieldType::number:
      put(out, std::to_string(record.number(field.name)));
      break;
    case FieldType::flag:
      put(out, record.flag(field.name) ? "true" : "false");
      break;
    case FieldType::secret:
      put_text(out, record.secret(field.name).expose_text());
      break;
    case FieldType::secret_bytes:
      put_base64(out, record.secret(field.name).expose());
      break;
    case FieldType::bytes:
      put_base64(out, record.bytes(field.name));
      break;
    case FieldType::list:
      put_list(out, record.list(field.name));
      break;
  }
}

template <class Out>
void put_record(Out& out, const Record& record, std::string_view lead) {
  put(out, "{");
  put(out, lead);
  bool first = lead.empty();
  for (std::size_t i = 0; i < record.schema().size(); ++i) {
    if (!record.has_at(i)) continue;
    if (!first) put(out, ",");
    first = false;
    put_text(out, record.schema()[i].name);
    put(out, ":");
    put_value(out, record, record.schema()[i]);
  }
  put(out, "}");
}

base::Error wrong(const Field& field, std::string_view what) {
  return base::fail(base::Errc::invalid, "field " + std::string(field.name) + " " + std::string(what));
}

base::Result<> read_object(const json::object& object, Record& record, Unknown unknown);

base::Result<> read_number(const json::value& value, const Field& field, Record& record) {
  if (value.is_int64() && value.get_int64() >= 0)
    record.set(field.name, static_cast<std::uint64_t>(value.get_int64()));
  else if (value.is_uint64())
    record.set(field.name, value.get_uint64());
  else
    return wrong(field, "must be a whole number, not below 0");
  return base::ok();
}

base::Result<> read_list(const json::value& value, const Field& field, Record& record, Unknown unknown) {
  if (!value.is_array()) return wrong(field, "must be a list");
  if (value.get_array().size() > field.max) return wrong(field, "has too many items");
  record.set_list(field.name);
  for (const auto& item : value.get_array()) {
    if (!item.is_object()) return wrong(field, "must be a list of objects");
    SALLYPORT_TRYV(read_object(item.get_object(), record.add(field.name), unknown));
  }
  return base::ok();
}

/// An array of words, or the same as one text with commas.
base::Result<> read_words(const json::value& value, const Field& field, Record& record) {
  if (value.is_string()) {
    record.set(field.name, std::string_view(value.get_string().data(), value.get_string().size()));
    return base::ok();
  }
  if (!value.is_array()) return wrong(field, "must be a list of words");
  std::string text;
  for (const auto& word : value.get_array()) {
    if (!word.is_string() || word.get_string().empty() || word.get_string().find(',') != json::string::npos)
      return wrong(field, "must be a list of words");
    if (!text.empty()) text += ',';
    text.append(word.get_string().data(), word.get_string().size());
    if (text.size() > field.max) return wrong(field, "is too long");
  }
  record.set(field.name, text);
  return base::ok();
}

base::Result<> read_text(std::string_view text, const Field& field, Record& record) {
  if (field.type == FieldType::text) {
    record.set(field.name, text);
  } else if (field.type == FieldType::secret) {
    if (text.size() > base::SecretBytes::kMaxSecret) return wrong(field, "is too long");
    record.set(field.name, base::SecretBytes::copy(base::as_bytes(text)));
  } else {
    auto bytes = base::unbase64(text);
    if (!bytes) return wrong(field, "must be base64");
    if (field.type == FieldType::bytes) {
      record.set(field.name, std::move(bytes).value());
    } else {
      if (bytes.value().size() > base::SecretBytes::kMaxSecret) return wrong(field, "is too long");
      record.set(field.name, base::SecretBytes::take(bytes.value()));
    }
  }
  return base::ok();
}

base::Result<> read_value(const json::value& value, const Field& field, Record& record, Unknown unknown) {
  switch (field.type) {
    case FieldType::number:
      return read_number(value, field, record);
    case FieldType::list:
      return read_list(value, field, record, unknown);
    case FieldType::words:
      return read_words(value, field, record);
    case FieldType::flag:
      if (!value.is_bool()) return wrong(field, "must be true or false");
      record.set_flag(field.name, value.get_bool());
      return base::ok();
    default:
      break;
  }
  if (!value.is_string()) return wrong(field, "must be text");
  return read_text({value.get_string().data(), value.get_string().size()}, field, record);
}

base::Result<> read_object(const json::object& object, Record& record, Unknown unknown) {
  for (const auto& item : object) {
    const std::string_view name(item.key().data(), item.key().size());
    const auto schema = record.schema();
    const auto field = std::find_if(schema.begin(), schema.end(), [&](const Field& f) { return f.name == name; });
    if (field == schema.end()) {
      if (unknown == Unknown::pass_over) continue;
      return base::fail(base::Errc::invalid, "field " + base::escape_text(name, 64) + " is not known");
    }
    if (item.value().is_null()) continue;
    SALLYPORT_TRYV(read_value(item.value(), *field, record, unknown));
  }
  return base::ok();
}

base::Result<Record> read_document(const json::value& document, Fields schema, Unknown unknown) {
  if (!document.is_object()) return base::fail(base::Errc::invalid, "the body must be a JSON object");
  Record record(schema);
  SALLYPORT_TRYV(read_object(document.get_object(), record, unknown));
  SALLYPORT_TRYV(check(record));
  return record;
}

// `memory` holds the tree and, through the parser, every scratch byte of it.
base::Result<Record> parse(base::ByteView text, Fields schema, Unknown unknown, const json::storage_ptr& memory,
                           base::MutableByteView scratch) {
  json::parse_options options;
  options.max_depth = 8;
  json::parser parser(memory, options, scratch.data(), scratch.size());
  parser.reset(memory);
  json::error_code problem;
  parser.write({reinterpret_cast<const char*>(text.data()), text.size()}, problem);
  if (problem) return base::fail(base::Errc::invalid, "the body is no JSON: " + problem.message());
  const auto document = parser.release();
  return read_document(document, schema, unknown);
}

}  // namespace

base::Result<Payload> to_json(const Record& record, std::string_view lead) {
  SALLYPORT_TRYV(check(record));
  if (!has_secret(record)) {
    base::Writer out;
    put_record(out, record, lead);
    return Payload(std::move(out).take());
  }
  base::SecretWriter out;
  put_record(out, record, lead);
  if (out.view().size() > kMaxSecretJson) return base::fail(base::Errc::limit, "the record is too long");
  return Payload(std::move(out).take());
}

base::Result<Record> from_json(base::ByteView text, Fields schema, Unknown unknown) {
  try {
    if (!has_secret(schema)) {
      std::array<std::uint8_t, 4096> scratch{};
      return parse(text, schema, unknown, {}, scratch);
    }
    // The parsed tree holds the secrets too: it lives and dies in locked memory. Its size follows the text's.
    if (text.size() > kMaxSecretJson) return base::fail(base::Errc::limit, "the body is too long");
    base::SecretBytes arena(text.size() * 4 + 16384);
    base::SecretBytes scratch(text.size() + 4096);
    json::static_resource memory(arena.expose_mutable().data(), arena.size());
    return parse(text, schema, unknown, &memory, scratch.expose_mutable());
  } catch (const std::exception&) {
    return base::fail(base::Errc::limit, "the body is too long or too deep");
  }
}

}  // namespace sallyport::app
