#pragma once
// An open vault with the tables of access, and a user in it.
#include "sallyport/access/schema.hpp"
#include "sallyport/access/user.hpp"
#include "support/domain.hpp"

namespace sallyport::access::test {

using sallyport::test::code_of;
using sallyport::test::must;
using sallyport::test::secret;

struct World : sallyport::test::DomainVault {
  World() : DomainVault({access::schema()}) {}

  User add_user(const std::string& name = "alice") {
    return must(sql([&](auto& tx) { return access::add_user(tx, {name, ""}, now()); }));
  }
  User disable(const std::string& name, bool disabled = true) {
    return must(sql([&](auto& tx) { return change_user(tx, name, {{}, disabled}); }));
  }
};

}  // namespace sallyport::access::test
