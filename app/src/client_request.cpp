#include "client_request.hpp"

#include <vector>

#include <fmt/format.h>

#include "record_json.hpp"

namespace sallyport::app {
namespace {

std::string percent(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string parameter(const Record& input, const Field& field) {
  if (field.type == FieldType::number) return std::to_string(input.number(field.name));
  if (field.type == FieldType::flag) return input.flag(field.name) ? "true" : "false";
  return percent(input.text(field.name));
}

bool in_path(const Operation& operation, const Field& field) {
  return operation.path.find("{" + std::string(field.name) + "}") != std::string_view::npos;
}

void copy_field(const Record& from, const Field& field, Record& to) {
  switch (field.type) {
    case FieldType::text:
    case FieldType::words:
      to.set(field.name, from.text(field.name));
      break;
    case FieldType::number:
      to.set(field.name, from.number(field.name));
      break;
    case FieldType::flag:
      to.set_flag(field.name, from.flag(field.name));
      break;
    case FieldType::secret:
    case FieldType::secret_bytes:
      to.set(field.name, from.secret(field.name).clone());
      break;
    case FieldType::bytes:
      to.set(field.name, base::Bytes(from.bytes(field.name).begin(), from.bytes(field.name).end()));
      break;
    case FieldType::list:
      SALLYPORT_ENSURE(field.type != FieldType::list);
      break;  // no request has one
  }
}

}  // namespace

std::string path_of(const Operation& operation, const Record& input) {
  std::string path(operation.path);
  for (const auto& field : operation.input) {
    const auto mark = "{" + std::string(field.name) + "}";
    if (const auto at = path.find(mark); at != std::string::npos)
      path.replace(at, mark.size(), parameter(input, field));
  }
  return path;
}

std::string query_of(const Operation& operation, const Record& input) {
  std::string query;
  for (const auto& field : operation.input) {
    if (in_path(operation, field) || !input.has(field.name)) continue;
    query += (query.empty() ? "?" : "&") + std::string(field.name) + "=" + parameter(input, field);
  }
  return query;
}

bool carries_body(const Operation& operation) { return operation.method != "GET" && operation.method != "DELETE"; }

base::Result<Payload> body_of(const Operation& operation, const Record& input) {
  std::vector<Field> fields;
  for (const auto& field : operation.input) {
    if (!in_path(operation, field)) fields.push_back(field);
  }
  if (fields.empty()) return Payload();
  Record body(fields);
  for (const auto& field : fields) {
    if (input.has(field.name)) copy_field(input, field, body);
  }
  return to_json(body);
}

}  // namespace sallyport::app
