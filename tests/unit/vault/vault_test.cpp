#include "sallyport/vault/vault.hpp"

#include <sys/stat.h>

#include <cstdlib>

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

/// Puts a directory in the way while the store is being made, the only moment at which create() asks for the time.
class ObstructingClock final : public base::Clock {
 public:
  explicit ObstructingClock(fs::path obstacle) : obstacle_(std::move(obstacle)) {}
  base::WallTime wall() const override {
    REQUIRE(fs::create_directories(obstacle_ / "full"));
    return base::SystemClock().wall();
  }
  base::MonoTime mono() const override { return base::SystemClock().mono(); }

 private:
  fs::path obstacle_;
};

}  // namespace

TEST_CASE("a new vault opens by each of its slots") {
  sallyport::test::TempDir dir;
  const base::SystemClock clock;
  const SecretBytes passphrase = secret("correct horse");
  must(Vault::create(dir / "data",
                     {.passphrase = &passphrase, .cost = {.memory = kMinArgonMemory, .passes = 1}, .development = true},
                     clock));
  const auto one = must(unlock_with_passphrase(dir / "data", passphrase));
  const auto two = must(unlock_with_development_key(dir / "data"));
  CHECK(equals_ct(one, two));
  must(Vault::open(dir / "data", one, {}, clock));
  CHECK_FALSE(fs::exists(dir / "data/.new"));
  CHECK(must(read_header(dir / "data")).generation == 1);
  struct stat status {};
  REQUIRE(::stat((dir / "data").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700U);
}

TEST_CASE("a vault needs a slot") {
  sallyport::test::TempDir dir;
  CHECK(code_of(Vault::create(dir / "data", {}, base::SystemClock())) == Errc::invalid);
}

TEST_CASE("a second vault is not made over the first") {
  TestVault v;
  const std::string header = slurp(v.data / kHeaderFile);
  const std::string store = slurp(v.data / kStoreFile);
  CHECK(code_of(Vault::create(v.data, {.development = true}, v.clock)) == Errc::exists);
  fs::rename(v.data / kHeaderFile, v.data / "elsewhere");
  CHECK(code_of(Vault::create(v.data, {.development = true}, v.clock)) == Errc::exists);
  fs::rename(v.data / "elsewhere", v.data / kHeaderFile);
  CHECK(slurp(v.data / kHeaderFile) == header);
  CHECK(slurp(v.data / kStoreFile) == store);
  v.open();
}

TEST_CASE("one process has a vault open, no second") {
  TestVault v;
  const auto vault = v.open();
  CHECK(code_of(Vault::open(v.data, v.root(), {}, v.clock)) == Errc::unavailable);
}

TEST_CASE("another vault's root opens nothing") {
  TestVault a;
  TestVault b;
  CHECK(code_of(Vault::open(a.data, b.root(), {}, a.clock)) == Errc::corrupt);
}

TEST_CASE("another vault's store under this header is refused") {
  TestVault a;
  TestVault b;
  fs::copy_file(b.data / kStoreFile, a.data / kStoreFile, fs::copy_options::overwrite_existing);
  const auto opened = Vault::open(a.data, a.root(), {}, a.clock);
  CHECK(code_of(opened) == Errc::denied);
  CHECK(text_of(opened).find("vault.db") != std::string::npos);
}

TEST_CASE("a store that is gone is not made anew") {
  TestVault v;
  fs::remove(v.data / kStoreFile);
  CHECK(code_of(Vault::open(v.data, v.root(), {}, v.clock)) == Errc::not_found);
  CHECK_FALSE(fs::exists(v.data / kStoreFile));
}

TEST_CASE("opening brings other modules' schema up to date") {
  TestVault v;
  static constexpr Migration kMine[] = {{1, "CREATE TABLE mine(a BIGINT)"}};
  const MigrationSeries series{"mine", kMine};
  const auto vault = must(Vault::open(v.data, v.root(), std::span(&series, 1), v.clock));
  auto tx = must(vault->begin());
  CHECK(must(tx.sql().execute("INSERT INTO mine(a) VALUES(1)")) == 1);
  must(tx.commit());
}

// Hidden: run by name on one release, then on another, with SALLYPORT_PORTABLE_VAULT naming the same directory.
TEST_CASE("a vault is carried between releases of SQLCipher", "[.portable]") {
  const char* place = std::getenv("SALLYPORT_PORTABLE_VAULT");
  REQUIRE(place != nullptr);
  const base::SystemClock clock;
  if (!fs::exists(fs::path(place) / kHeaderFile)) must(Vault::create(place, {.development = true}, clock));
  const auto vault = must(Vault::open(place, must(unlock_with_development_key(place)), {}, clock));
  CHECK_FALSE(vault->rollback_warning());
  auto tx = must(vault->begin());
  for (int i = 0; i < 100; ++i) tx.append(event("carried"));
  must(tx.commit());
  const auto report = must(vault->verify_audit());
  WARN(report.text());
  CHECK(report.intact());
}

TEST_CASE("an interrupted making of a vault is no obstacle") {
  sallyport::test::TempDir dir;
  must(base::make_private_directory(dir / "data/.new"));
  spill(dir / "data/.new/vault.db", "left over");
  const base::SystemClock clock;
  must(Vault::create(dir / "data", {.development = true}, clock));
}

TEST_CASE("a vault that could not be made whole leaves nothing in the way of the next try") {
  sallyport::test::TempDir dir;
  const fs::path data = dir / "data";
  const char* obstacle = GENERATE(kHeaderFile, kStoreFile);
  INFO("what stands in the way: " << obstacle);
  CHECK_FALSE(Vault::create(data, {.development = true}, ObstructingClock(data / obstacle)));
  CHECK(fs::is_directory(data / obstacle / "full"));
  fs::remove_all(data / obstacle);
  for (const char* name : {kHeaderFile, kStoreFile}) CHECK_FALSE(fs::exists(data / name));
  const base::SystemClock clock;
  must(Vault::create(data, {.development = true}, clock));
  must(Vault::open(data, must(unlock_with_development_key(data)), {}, clock));
}

}  // namespace sallyport::vault::test
