#include "sallyport/app/operation.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <type_traits>

#include "handler.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::app;

// A row without a rule is not only wrong, it does not compile: Access has no default.
static_assert(!std::is_default_constructible_v<Access>);
static_assert(!std::is_default_constructible_v<Operation>);

TEST_CASE("operation table: names, numbers and routes are unique") {
  std::set<std::uint16_t> ids;
  std::set<std::string> names, routes;
  for (const auto& row : operations()) {
    INFO(row.name);
    CHECK(ids.insert(static_cast<std::uint16_t>(row.id)).second);
    CHECK(names.insert(std::string(row.name)).second);
    if (!row.path.empty()) CHECK(routes.insert(std::string(row.method) + " " + std::string(row.path)).second);
    CHECK(find_operation(row.id) == &row);
    CHECK(find_operation(row.name) == &row);
  }
}

TEST_CASE("operation table: every row that may be asked has a handler, a peer and a sentence") {
  for (const auto& row : operations()) {
    INFO(row.name);
    const bool push = row.access.who() == Access::Who::push;
    CHECK((find_handler(row.id) == nullptr) == push);
    CHECK((row.peers == 0) == push);
    CHECK(row.summary.ends_with('.'));
    CHECK(row.path.empty() == row.method.empty());
    // What comes from outside passes web only, and web never asks what is between processes.
    const bool from_web = (row.peers & bit(PeerKind::web)) != 0;
    CHECK(from_web == !row.path.empty());
    if (from_web) CHECK(row.access.who() != Access::Who::internal);
    if (row.access.who() == Access::Who::local_operator) CHECK(row.peers == bit(PeerKind::operator_));
  }
}

TEST_CASE("operation table: what changes something leaves an audit event") {
  for (const auto& row : operations()) {
    if (row.path.empty() || row.method == "GET") continue;
    INFO(row.name);
    CHECK_FALSE(row.audits.empty());
  }
}

TEST_CASE("operation table: a path's parts are fields, and no secret travels in a URL") {
  for (const auto& row : operations()) {
    INFO(row.name);
    const bool url_only = row.method == "GET" || row.method == "DELETE";
    for (const auto& field : row.input) {
      const bool secret = field.type == FieldType::secret || field.type == FieldType::secret_bytes;
      const bool in_path = row.path.find("{" + std::string(field.name) + "}") != std::string_view::npos;
      if (secret) CHECK_FALSE((url_only || in_path));
      if (in_path) CHECK((field.required && field.type == FieldType::text));
    }
    auto rest = row.path;
    for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{', open + 1)) {
      const auto name = rest.substr(open + 1, rest.find('}', open) - open - 1);
      CHECK(std::ranges::any_of(row.input, [&](const Field& field) { return field.name == name; }));
    }
  }
}

TEST_CASE("operation table: operations that take a fresh code have a field for it") {
  for (const auto& row : operations()) {
    if (row.access.proof() != Proof::fresh_otp) continue;
    INFO(row.name);
    CHECK(std::ranges::any_of(row.input, [](const Field& field) { return field.name == "otp"; }));
  }
}

TEST_CASE("routes: path parts are decoded once") {
  const auto route = find_route("DELETE", "/v1/users/alice/keys/SHA256%3Aab%2Fc%2B%25");
  REQUIRE(route.has_value());
  REQUIRE(route->operation != nullptr);
  CHECK(route->operation->id == OperationId::user_key_remove);
  REQUIRE(route->parameters.size() == 2);
  CHECK(route->parameters[0].second == "alice");
  CHECK(route->parameters[1].second == "SHA256:ab/c+%");
}

TEST_CASE("routes: what is no path of the table is not found, a known path with another method is told so") {
  for (const auto* path :
       {"/", "", "/v1", "/v1/users/", "/v1//users", "/v1/users/alice/", "/v1/users/a%0ab", "/v1/users/%",
        "/v1/users/%zz", "/v1/users/%00", "/V1/users", "/v1/users/alice/keys/a/b", "//v1/users"}) {
    INFO(path);
    CHECK_FALSE(find_route("GET", path).has_value());
  }
  const auto known = find_route("PUT", "/v1/users");
  REQUIRE(known.has_value());
  CHECK(known->operation == nullptr);
}

TEST_CASE("permit table: a session asks proofs before its grant and reports after it, and nothing else") {
  const auto allowed = [](PeerKind kind, Phase phase, OperationId id) {
    return may_ask({.kind = kind, .phase = phase}, *find_operation(id));
  };
  CHECK(allowed(PeerKind::session, Phase::pre_auth, OperationId::auth_otp));
  CHECK_FALSE(allowed(PeerKind::session, Phase::granted, OperationId::auth_otp));
  CHECK_FALSE(allowed(PeerKind::session, Phase::granted, OperationId::auth_grant));
  CHECK(allowed(PeerKind::session, Phase::granted, OperationId::session_checkpoint));
  CHECK_FALSE(allowed(PeerKind::session, Phase::pre_auth, OperationId::session_checkpoint));
  for (const auto& row : operations()) {
    INFO(row.name);
    const auto number = static_cast<std::uint16_t>(row.id);
    const bool of_child = number >= 210 && number < 230;
    CHECK((allowed(PeerKind::session, Phase::pre_auth, row.id) || allowed(PeerKind::session, Phase::granted, row.id)) ==
          of_child);
    CHECK(allowed(PeerKind::rotator, Phase::pre_auth, row.id) == (number == 230 || number == 231));
    CHECK(allowed(PeerKind::ssh, Phase::pre_auth, row.id) == (number >= 200 && number < 210));
  }
}

namespace {

std::size_t most_of(Fields fields);

/// The largest value that check() lets pass.
std::size_t most_of(const Field& field) {
  if (field.type == FieldType::list) return 5 + field.max * most_of(field.item);
  return field.type == FieldType::number || field.type == FieldType::flag ? 9 : 5 + std::size_t{field.max};
}
std::size_t most_of(Fields fields) {
  std::size_t sum = 1;
  for (const auto& field : fields) sum += 1 + most_of(field);
  return sum;
}

}  // namespace

TEST_CASE("operation table: every answer that its bounds allow can be sent, but for lists that are cut into pages") {
  const std::set<std::string> cut = {"user.list", "role.list", "target.list", "account.list"};
  for (const auto& row : operations()) {
    INFO(row.name);
    CHECK((most_of(row.output) <= kMaxRecord) != cut.contains(std::string(row.name)));
  }
}
