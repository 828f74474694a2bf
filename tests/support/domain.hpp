#pragma once
// An open vault with the domain's tables (and more, where a module brings its own), a clock moved by hand, a boot that
// can be changed: what the tests of repositories share. Links sallyport_vault.
#include <vector>

#include "sallyport/vault/account.hpp"
#include "sallyport/vault/domain_schema.hpp"
#include "sallyport/vault/secret.hpp"
#include "sallyport/vault/target.hpp"
#include "sallyport/vault/vault.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace sallyport::test {

/// The value, or a failed test that shows the error.
template <class T>
T must(base::Result<T> result) {
  if (!result) FAIL(result.error().describe());
  return std::move(result).value();
}
inline void must(const base::Result<>& result) {
  if (!result) FAIL(result.error().describe());
}
template <class T>
base::Errc code_of(const base::Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().code();
}

inline base::SecretBytes secret(std::string_view text) { return base::SecretBytes::copy(base::as_bytes(text)); }

struct DomainVault {
  TempDir dir;
  base::ManualClock clock{base::from_unix_ms(1'790'000'000'000)};
  std::string boot = "boot-a";
  std::vector<vault::MigrationSeries> series;
  std::unique_ptr<vault::Vault> vault;

  explicit DomainVault(std::vector<vault::MigrationSeries> more = {}) : series{vault::domain_schema()} {
    series.insert(series.end(), more.begin(), more.end());
    must(vault::Vault::create(dir / "data", {.development = true}, clock));
    reopen();
  }
  /// As after kill -9: what was not committed is gone.
  void reopen() {
    vault.reset();
    const auto root = must(vault::unlock_with_development_key(dir / "data"));
    vault = must(vault::Vault::open(dir / "data", root, series, clock));
  }
  vault::Moment now() const { return vault::Moment::read(clock, boot); }
  const vault::Keyring& keys() const { return vault->keys(); }

  /// One batch of its own; committed when the body succeeds, else rolled back.
  template <class Body>
  auto audited(Body body) {
    auto tx = must(vault->begin());
    auto result = body(tx);
    if (result) must(tx.commit());
    return result;
  }
  /// The same for what needs the Transaction only.
  template <class Body>
  auto sql(Body body) {
    return audited([&](vault::AuditedTransaction& tx) { return body(tx.sql()); });
  }

  vault::Target add_target(const std::string& name = "web1") {
    return must(sql([&](auto& tx) { return vault::add_target(tx, {name, "127.0.0.1", 22, {}, {}}, now()); }));
  }
  /// "root@web1"; its target must be there.
  vault::Account add_account(const std::string& name = "root", const std::string& target = "web1",
                             vault::AccountPolicy policy = {}) {
    vault::NewAccount wanted;
    wanted.name = {name, target};
    wanted.policy = policy;
    return must(sql([&](auto& tx) { return vault::add_account(tx, wanted, now()); }));
  }
};

}  // namespace sallyport::test
