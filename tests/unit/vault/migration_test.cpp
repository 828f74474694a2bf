#include "sallyport/vault/migration.hpp"

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

constexpr Migration kThree[] = {{1, "CREATE TABLE one(a BIGINT); CREATE TABLE one_more(a BIGINT)"},
                                {2, "CREATE TABLE two(a BIGINT); INSERT INTO one(a) VALUES(2)"},
                                {3, "CREATE TABLE three(a BIGINT); INSERT INTO two(a) VALUES(3)"}};

MigrationSeries series(std::size_t count) { return {"test", std::span(kThree).first(count)}; }

base::Result<> bring_to(Database& database, std::size_t count) {
  const MigrationSeries one = series(count);
  return migrate(database, std::span(&one, 1));
}

int version_of(Database& database) {
  auto tx = must(database.begin(Access::read));
  return must(schema_version(tx, "test"));
}

std::int64_t tables(Database& database) {
  auto tx = must(database.begin(Access::read));
  return count_rows(tx, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version'");
}

/// Passes everything on, and ends the process at the n-th call that changes something: before it, or right after.
class DyingConnection final : public DriverConnection {
 public:
  DyingConnection(std::unique_ptr<DriverConnection> inner, int calls) : inner_(std::move(inner)), left_(calls) {}
  base::Result<std::unique_ptr<DriverStatement>> prepare(std::string_view sql) override {
    step();
    return inner_->prepare(sql);
  }
  base::Result<> script(std::string_view sql) override {
    step();
    auto done = inner_->script(sql);
    step();
    return done;
  }
  base::Result<> begin(Access access) override { return inner_->begin(access); }
  base::Result<> commit() override {
    step();
    auto done = inner_->commit();
    step();
    return done;
  }
  void rollback() noexcept override { inner_->rollback(); }
  bool in_transaction() const noexcept override { return inner_->in_transaction(); }
  const std::string& name() const noexcept override { return inner_->name(); }

 private:
  void step() {
    if (--left_ == 0) ::_exit(42);
  }
  std::unique_ptr<DriverConnection> inner_;
  int left_;
};

}  // namespace

TEST_CASE("migrations run once, in order, and go on where they stood") {
  sallyport::test::TempDir dir;
  auto database = open_store(dir / "s.db", OpenMode::create);
  must(bring_to(*database, 1));
  CHECK(version_of(*database) == 1);
  must(bring_to(*database, 3));
  must(bring_to(*database, 3));
  CHECK(version_of(*database) == 3);
  CHECK(tables(*database) == 4);
}

TEST_CASE("a store of a newer program is refused and not touched") {
  sallyport::test::TempDir dir;
  auto database = open_store(dir / "s.db", OpenMode::create);
  must(bring_to(*database, 3));
  static constexpr Migration kOther[] = {{1, "CREATE TABLE other(a BIGINT)"}};
  const MigrationSeries both[] = {{"other", kOther}, series(2)};
  const auto done = migrate(*database, both);
  CHECK(code_of(done) == Errc::unsupported);
  CHECK(text_of(done).find("newer Sallyport") != std::string::npos);
  CHECK(tables(*database) == 4);
}

TEST_CASE("a migration that fails leaves the old schema") {
  sallyport::test::TempDir dir;
  auto database = open_store(dir / "s.db", OpenMode::create);
  must(bring_to(*database, 1));
  static constexpr Migration kBroken[] = {kThree[0], {2, "CREATE TABLE two(a BIGINT); CREATE TABLE one(a BIGINT)"}};
  const MigrationSeries broken{"test", kBroken};
  CHECK_FALSE(migrate(*database, std::span(&broken, 1)));
  CHECK(version_of(*database) == 1);
  CHECK(tables(*database) == 2);
}

TEST_CASE("a kill at any point of a migration leaves the old schema or the new") {
  sallyport::test::TempDir dir;
  int status = 0;
  int deaths = 0;
  for (int point = 1; deaths == point - 1; ++point) {
    CAPTURE(point);
    const fs::path file = dir / ("s" + std::to_string(point) + ".db");
    must(bring_to(*open_store(file, OpenMode::create), 1));
    status = wait_child(fork_child([&] {
      auto inner = open_sqlcipher(file, fixed_key(), OpenMode::existing);
      if (!inner) ::_exit(1);
      Database database(std::make_unique<DyingConnection>(std::move(inner).value(), point));
      ::_exit(bring_to(database, 3) ? 0 : 2);
    }));
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 42) ++deaths;
    auto database = open_store(file, OpenMode::existing);
    REQUIRE(tables(*database) == version_of(*database) + 1);
    must(bring_to(*database, 3));
    REQUIRE(tables(*database) == 4);
  }
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(deaths > 8);
}

}  // namespace sallyport::vault::test
