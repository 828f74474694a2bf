// Hidden: run by name ("[.bench]"). Prints ratios, asserts nothing about speed.
#include <chrono>
#include <cstdio>

#include "sqlcipher_connection.hpp"
#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

void audited_commits(Vault& vault, int batch, int commits) {
  const auto start = SteadyClock::now();
  for (int i = 0; i < commits; ++i) {
    auto tx = must(vault.begin());
    for (int op = 0; op < batch; ++op) {
      must(tx.savepoint());
      tx.append(event("checkout.create"));
      must(tx.release_savepoint());
    }
    must(tx.commit());
  }
  const double taken = seconds_since(start);
  std::printf("batch %2d: %7.0f commits/s %8.0f events/s\n", batch, commits / taken, commits * batch / taken);
}

}  // namespace

TEST_CASE("audited commits by batch size", "[.bench]") {
  TestVault v;
  const auto vault = v.open();
  for (const int batch : {1, 16, 64}) audited_commits(*vault, batch, 400);
  const auto start = SteadyClock::now();
  const auto report = must(vault->verify_audit());
  std::printf("verify: %llu entries in %.1f ms\n", static_cast<unsigned long long>(report.entries),
              1e3 * seconds_since(start));
}

TEST_CASE("opening with every page read", "[.bench]") {
  sallyport::test::TempDir dir;
  {
    auto database = open_store(dir / "s.db", OpenMode::create);
    auto tx = must(database->begin());
    must(tx.script("CREATE TABLE item(id BIGINT PRIMARY KEY NOT NULL, data BYTEA)"));
    for (int i = 0; i < 28000; ++i) must(tx.execute("INSERT INTO item(id, data) VALUES($1, $2)", i, base::Bytes(300)));
    must(tx.commit());
  }
  const auto size = fs::file_size(dir / "s.db");
  auto start = SteadyClock::now();
  must(SqlcipherConnection::open(*must(SqlcipherLibrary::system()), dir / "s.db", fixed_key()));
  std::printf("open without check: %.2f ms\n", 1e3 * seconds_since(start));
  start = SteadyClock::now();
  open_store(dir / "s.db", OpenMode::existing);
  std::printf("open with check: %.1f ms for %.1f MB\n", 1e3 * seconds_since(start), static_cast<double>(size) / 1e6);
}

}  // namespace sallyport::vault::test
