#include "asked_object.hpp"

#include <algorithm>
#include <array>

namespace sallyport::app {

namespace {

/// `name` is an operation, or what its name begins with up to a dot; the first that fits counts.
struct Rule {
  std::string_view name;
  std::string_view kind;
  std::string_view field;
};
constexpr auto kRules = std::to_array<Rule>({
    {"auth.login", "user", "user"},
    {"auth.begin", "account", "account"},
    {"auth", "user", ""},
    {"otp", "user", ""},
    {"user", "user", "name"},
    {"role", "role", "name"},
    {"target", "target", "name"},
    {"account", "account", "account"},
    {"checkout.create", "account", "account"},
    {"checkout", "checkout", "id"},
    {"checkin", "checkout", "id"},
    {"reveal", "checkout", "id"},
    {"rotate", "account", "account"},
    {"rotation", "rotation", "id"},
    {"session", "session", "id"},
    {"recording", "recording", "id"},
    {"dial", "session", "session"},
    {"audit", "audit", ""},
});

bool fits(std::string_view operation, std::string_view name) {
  return operation.starts_with(name) && (operation.size() == name.size() || operation[name.size()] == '.');
}

bool names(const Record& input, std::string_view field) {
  const auto schema = input.schema();
  return std::ranges::find(schema, field, &Field::name) != schema.end() && input.has(field);
}

}  // namespace

std::string asked_object(const Operation& operation, const Record& input) {
  const auto* rule = std::ranges::find_if(kRules, [&](const Rule& one) { return fits(operation.name, one.name); });
  if (rule == kRules.end()) return "vault";
  if (rule->field.empty() || !names(input, rule->field)) return std::string(rule->kind);
  auto object = std::string(rule->kind) + ":" + std::string(input.text(rule->field));
  if (operation.id == OperationId::auth_begin) object += "@" + std::string(input.text("target"));
  return object;
}

}  // namespace sallyport::app
