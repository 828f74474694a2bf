#include "sallyport/vault/audit_search.hpp"

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

audit::Event sample() {
  audit::Event one;
  one.at = base::from_unix_ms(1000);
  one.actor = "user:alice";
  one.action = "checkout.create";
  one.object = "account:root@web1";
  one.source = "192.0.2.7:50122";
  one.rule = "allow.role:ops";
  one.outcome = audit::Outcome::ok;
  one.detail = "checkout a: disk full";
  return one;
}

bool finds(const AuditFilter& filter) { return filter.matches(sample()); }

}  // namespace

TEST_CASE("an event is found by each of its parts, and not by those of another") {
  CHECK(finds({}));
  CHECK(finds({.actor = "alice"}));
  CHECK(finds({.actor = "user:alice"}));
  CHECK_FALSE(finds({.actor = "ali"}));
  CHECK(finds({.action = "checkout"}));
  CHECK(finds({.action = "checkout.create"}));
  CHECK_FALSE(finds({.action = "check"}));
  CHECK(finds({.object = "root@"}));
  CHECK(finds({.target = "web1"}));
  CHECK_FALSE(finds({.target = "eb1"}));
  CHECK(finds({.source = "192.0.2.7"}));
  CHECK_FALSE(finds({.source = "192.0.2"}));
  CHECK(finds({.reason = "disk"}));
  CHECK(finds({.reason = "role:ops"}));
  CHECK_FALSE(finds({.reason = "INC"}));
  CHECK(finds({.outcome = audit::Outcome::ok}));
  CHECK_FALSE(finds({.outcome = audit::Outcome::denied}));
  CHECK(finds({.since = base::from_unix_ms(1000)}));
  CHECK_FALSE(finds({.since = base::from_unix_ms(1001)}));
  CHECK_FALSE(finds({.until = base::from_unix_ms(1000)}));
}

TEST_CASE("a search goes through the log in pages, from its end or from a place on") {
  TestVault v;
  const auto vault = v.open();
  auto tx = must(vault->begin());
  for (int i = 0; i < 10; ++i) {
    auto one = sample();
    if (i % 2 == 1) one.action = "reveal";
    tx.append(one);
  }
  must(tx.commit());
  auto read = must(vault->begin_read());
  const auto numbers = [&](const AuditQuery& query, std::optional<std::uint64_t>& next) {
    std::vector<std::uint64_t> out;
    const auto found = must(search_audit(read, query));
    for (const auto& entry : found.entries) out.push_back(entry.number);
    next = found.next;
    return out;
  };
  using Numbers = std::vector<std::uint64_t>;
  std::optional<std::uint64_t> next;
  CHECK(numbers({.from = {}, .before = 10, .filter = {}, .limit = 3}, next) == Numbers{7, 8, 9});
  CHECK(next == 7U);
  CHECK(numbers({.from = {}, .before = 7, .filter = {.action = "reveal"}, .limit = 3}, next) == Numbers{1, 3, 5});
  CHECK(next == 1U);
  CHECK(numbers({.from = {}, .before = 1, .filter = {.action = "reveal"}, .limit = 3}, next).empty());
  CHECK_FALSE(next);
  CHECK(numbers({.from = 4, .filter = {}, .limit = 3}, next) == Numbers{4, 5, 6});
  CHECK(next == 7U);
  CHECK(numbers({.from = 8, .filter = {}, .limit = 3}, next) == Numbers{8, 9});
  CHECK_FALSE(next);
}

}  // namespace sallyport::vault::test
