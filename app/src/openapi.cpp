#include "sallyport/app/openapi.hpp"

#include <boost/json.hpp>

#include "http_api.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {

namespace json = boost::json;

namespace {

json::string text(std::string_view value) { return json::string(value.data(), value.size()); }

json::object schema_of(Fields fields);

json::object schema_of(const Field& field) {
  json::object out;
  switch (field.type) {
    case FieldType::number:
      out = {{"type", "integer"}, {"minimum", 0}, {"maximum", field.max == 0 ? kMaxNumber : field.max}};
      break;
    case FieldType::flag:
      out = {{"type", "boolean"}};
      break;
    case FieldType::text:
      out = {{"type", "string"}, {"maxLength", field.max}};
      break;
    case FieldType::words:
      out = {{"type", "array"}, {"items", json::object{{"type", "string"}}}};
      break;
    case FieldType::secret:
      out = {{"type", "string"}, {"maxLength", field.max}, {"format", "password"}};
      break;
    case FieldType::bytes:
    case FieldType::secret_bytes:
      out = {{"type", "string"}, {"contentEncoding", "base64"}};
      break;
    case FieldType::list:
      out = {{"type", "array"}, {"maxItems", field.max}, {"items", schema_of(field.item)}};
      break;
  }
  out["description"] = text(field.doc);
  return out;
}

json::object schema_of(Fields fields) {
  json::object properties;
  json::array required;
  for (const auto& field : fields) {
    properties[text(field.name)] = schema_of(field);
    if (field.required) required.push_back(text(field.name));
  }
  json::object out{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

bool in_path(const Operation& operation, const Field& field) {
  return operation.path.find("{" + std::string(field.name) + "}") != std::string_view::npos;
}

bool has_body(const Operation& operation) { return operation.method != "GET" && operation.method != "DELETE"; }

json::array parameters_of(const Operation& operation) {
  json::array out;
  for (const auto& field : operation.input) {
    const bool path = in_path(operation, field);
    if (!path && has_body(operation)) continue;
    out.push_back(json::object{{"name", text(field.name)},
                               {"in", path ? "path" : "query"},
                               {"required", path || field.required},
                               {"description", text(field.doc)},
                               {"schema", schema_of(field)}});
  }
  return out;
}

json::object content(std::string_view type, json::value schema) {
  return {{text(type), json::object{{"schema", std::move(schema)}}}};
}

void add_body(json::object& out, const Operation& operation) {
  std::vector<Field> fields;
  for (const auto& field : operation.input) {
    if (!in_path(operation, field)) fields.push_back(field);
  }
  if (!has_body(operation) || fields.empty()) return;
  out["requestBody"] = json::object{{"required", true}, {"content", content("application/json", schema_of(fields))}};
}

/// Which rule the row has, in words: what the authorisation matrix tests.
std::string rule_of(const Access& access) {
  const std::string right(access::to_string(access.right()));
  switch (access.who()) {
    case Access::Who::anyone:
      return "Anyone.";
    case Access::Who::signed_in:
      return access.proof() == Proof::password ? "Whoever has a token."
                                               : "Whoever has a token that counts a one-time code.";
    case Access::Who::right:
      return "A role with the action " + right + ".";
    case Access::Who::self_or_right:
      return "The user himself, or a role with the action " + right + ".";
    case Access::Who::right_on_account:
      return "A role with the action " + right + " on this account" +
             (access.proof() == Proof::fresh_otp ? "; takes a fresh one-time code." : ".");
    default:
      return "";
  }
}

json::object responses_of(const Operation& operation) {
  const json::object error = content("application/json", json::object{{"$ref", "#/components/schemas/Error"}});
  const json::object good =
      operation.streams ? content("application/octet-stream", json::object{{"type", "string"}, {"format", "binary"}})
                        : content("application/json", schema_of(operation.output));
  json::object out{{"200", json::object{{"description", "Done."}, {"content", good}}}};
  const auto add = [&](unsigned status) {
    out[std::to_string(status)] = json::object{{"description", text(http_reason(status))}, {"content", error}};
  };
  for (const unsigned status : {400U, 429U, 503U}) add(status);
  if (operation.access.who() != Access::Who::anyone || operation.id == OperationId::login) add(401);
  if (operation.access.who() != Access::Who::anyone) add(403);
  if (operation.path.find('{') != std::string_view::npos) add(404);
  if (has_body(operation)) add(409);
  return out;
}

json::object operation_object(const Operation& operation) {
  json::object out{{"operationId", text(operation.name)},
                   {"summary", text(operation.summary)},
                   {"description", rule_of(operation.access)},
                   {"tags", json::array{text(operation.name.substr(0, operation.name.find('.')))}},
                   {"responses", responses_of(operation)}};
  if (auto parameters = parameters_of(operation); !parameters.empty()) out["parameters"] = std::move(parameters);
  add_body(out, operation);
  out["security"] = operation.access.who() == Access::Who::anyone ? json::array{}
                                                                  : json::array{json::object{{"token", json::array{}}}};
  return out;
}

json::object paths() {
  json::object out;
  for (const auto& operation : operations()) {
    if (operation.path.empty()) continue;
    auto& path = out[text(operation.path)];
    if (!path.is_object()) path.emplace_object();
    std::string method(operation.method);
    for (auto& c : method) c = static_cast<char>(c + 32);  // our methods are ASCII capitals
    path.get_object()[method] = operation_object(operation);
  }
  return out;
}

json::object error_schema() {
  const json::object word{{"type", "string"}};
  const json::object inner{{"type", "object"},
                           {"required", json::array{"code", "message", "request_id"}},
                           {"properties", json::object{{"code", word}, {"message", word}, {"request_id", word}}}};
  return {{"type", "object"}, {"required", json::array{"error"}}, {"properties", json::object{{"error", inner}}}};
}

}  // namespace

std::string openapi_document() {
  const json::object document{
      {"openapi", "3.1.0"},
      {"info",
       json::object{{"title", "Sallyport"},
                    {"version", SALLYPORT_VERSION},
                    {"description",
                     "The vault's API. Times are Unix milliseconds; ids are 16 letters; unknown fields are refused."},
                    {"license", json::object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"paths", paths()},
      {"components",
       json::object{{"securitySchemes", json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
                    {"schemas", json::object{{"Error", error_schema()}}}}}};
  return json::serialize(document) + "\n";
}

}  // namespace sallyport::app
