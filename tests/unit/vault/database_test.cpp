#include "sallyport/vault/database.hpp"

#include <algorithm>

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

struct Store {
  sallyport::test::TempDir dir;
  std::unique_ptr<Database> database = open_store(dir / "s.db", OpenMode::create);
  Store() {
    auto tx = must(database->begin());
    must(
        tx.script("CREATE TABLE item(id BIGINT PRIMARY KEY NOT NULL, name TEXT UNIQUE, data BYTEA, "
                  "size BIGINT CHECK(size < 100))"));
    must(tx.commit());
  }
  std::int64_t count() {
    auto tx = must(database->begin(Access::read));
    return count_rows(tx, "SELECT COUNT(*) FROM item");
  }
};

}  // namespace

TEST_CASE("parameters go by their number, not by their place in the text") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.execute("INSERT INTO item(name, id) VALUES($2, $1)", 1, "one"));
  CHECK(must(tx.execute("UPDATE item SET size = $3, name = $2 WHERE id = $1 AND name <> $2", 1, "uno", 5)) == 1);
  auto rows = must(tx.query("SELECT name, size FROM item"));
  REQUIRE(must(rows.next()));
  CHECK(rows.text(0) == "uno");
  CHECK(rows.integer(1) == 5);
  CHECK_FALSE(must(rows.next()));
}

TEST_CASE("parameters that are not $1 to $n are refused") {
  Store store;
  auto tx = must(store.database->begin());
  SECTION("a gap") { CHECK(code_of(tx.execute("DELETE FROM item WHERE id = $2", 1)) == Errc::invalid); }
  SECTION("a question mark") { CHECK(code_of(tx.execute("DELETE FROM item WHERE id = ?", 1)) == Errc::invalid); }
  SECTION("two statements") { CHECK(code_of(tx.execute("DELETE FROM item; DELETE FROM item")) == Errc::invalid); }
}

TEST_CASE("values come back as they went in") {
  Store store;
  auto tx = must(store.database->begin());
  const base::Bytes bytes{0, 1, 0, 255};
  const std::string text("nul\0inside", 10);
  must(tx.execute("INSERT INTO item(id, name, data, size) VALUES($1, $2, $3, $4)", INT64_MIN, text, bytes,
                  std::nullopt));
  must(tx.execute("INSERT INTO item(id, name, data, size) VALUES($1, $2, $3, $4)", true, "", base::Bytes{},
                  std::optional<int>(3)));
  auto rows = must(tx.query("SELECT id, name, data, size FROM item ORDER BY id"));
  REQUIRE(must(rows.next()));
  CHECK(rows.integer(0) == INT64_MIN);
  CHECK(rows.text(1) == text);
  CHECK(std::ranges::equal(rows.blob(2), bytes));
  CHECK(rows.is_null(3));
  CHECK_FALSE(rows.maybe_integer(3));
  REQUIRE(must(rows.next()));
  CHECK(rows.boolean(0));
  CHECK(rows.text(1).empty());
  CHECK(rows.blob(2).empty());
  CHECK(rows.maybe_integer(3) == 3);
}

TEST_CASE("one text may be open twice") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.execute("INSERT INTO item(id) VALUES(1)"));
  must(tx.execute("INSERT INTO item(id) VALUES(2)"));
  int seen = 0;
  const auto all = [&] { return must(tx.query("SELECT id FROM item")); };
  auto outer = all();
  while (must(outer.next())) {
    auto inner = all();
    while (must(inner.next())) ++seen;
  }
  CHECK(seen == 4);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  Store store;
  {
    auto tx = must(store.database->begin());
    must(tx.execute("INSERT INTO item(id) VALUES(1)"));
  }
  CHECK(store.count() == 0);
}

TEST_CASE("a broken rule of the schema heals by a savepoint, and by nothing else") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.execute("INSERT INTO item(id, name) VALUES(1, 'a')"));
  must(tx.savepoint());
  must(tx.execute("INSERT INTO item(id, name) VALUES(2, 'b')"));
  Errc expected = Errc::exists;
  SECTION("unique") { CHECK(code_of(tx.execute("INSERT INTO item(id, name) VALUES(3, 'a')")) == expected); }
  SECTION("primary key") { CHECK(code_of(tx.execute("INSERT INTO item(id, name) VALUES(1, 'c')")) == expected); }
  SECTION("check") {
    expected = Errc::conflict;
    CHECK(code_of(tx.execute("INSERT INTO item(id, size) VALUES(4, 100)")) == expected);
  }
  CHECK(code_of(tx.execute("INSERT INTO item(id) VALUES(9)")) == expected);
  CHECK(code_of(tx.release_savepoint()) == expected);
  must(tx.rollback_to_savepoint());
  must(tx.execute("INSERT INTO item(id) VALUES(5)"));
  must(tx.release_savepoint());
  must(tx.commit());
  CHECK(store.count() == 2);
}

TEST_CASE("a failed transaction does not commit") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.execute("INSERT INTO item(id) VALUES(1)"));
  CHECK(code_of(tx.execute("INSERT INTO item(id) VALUES(1)")) == Errc::exists);
  CHECK(code_of(tx.commit()) == Errc::exists);
  CHECK_FALSE(tx.open());
  CHECK(store.count() == 0);
}

TEST_CASE("savepoints nest, and only the inner is undone") {
  Store store;
  auto tx = must(store.database->begin());
  for (int depth = 0; depth < Transaction::kMaxSavepoints; ++depth) {
    must(tx.savepoint());
    must(tx.execute("INSERT INTO item(id) VALUES($1)", depth));
  }
  must(tx.rollback_to_savepoint());
  for (int depth = 0; depth < Transaction::kMaxSavepoints; ++depth) must(tx.release_savepoint());
  must(tx.commit());
  CHECK(store.count() == Transaction::kMaxSavepoints - 1);
}

TEST_CASE("a savepoint in which nothing was written is left and gone back to like any other") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.savepoint());
  must(tx.rollback_to_savepoint());
  must(tx.savepoint());
  must(tx.execute("INSERT INTO item(id) VALUES(1)"));
  must(tx.release_savepoint());
  must(tx.rollback_to_savepoint());
  must(tx.execute("INSERT INTO item(id) VALUES(2)"));
  must(tx.release_savepoint());
  must(tx.commit());
  CHECK(store.count() == 1);
}

TEST_CASE("a last write needs no savepoint: it is there, or it failed and nothing is") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.execute("INSERT INTO item(id, name) VALUES(1, 'a')"));
  must(tx.savepoint());
  CHECK(code_of(tx.execute_last("INSERT INTO item(id, name) VALUES(2, 'a')")) == Errc::exists);
  must(tx.rollback_to_savepoint());
  must(tx.release_savepoint());
  must(tx.savepoint());
  must(tx.execute_last("INSERT INTO item(id) VALUES(3)"));
  must(tx.release_savepoint());
  must(tx.commit());
  CHECK(store.count() == 2);
}

TEST_CASE("a last write that is refused afterwards takes the whole transaction with it") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.execute("INSERT INTO item(id) VALUES(1)"));
  must(tx.savepoint());
  must(tx.execute_last("INSERT INTO item(id) VALUES(2)"));
  SECTION("at once") {}
  SECTION("from an outer savepoint") {
    must(tx.savepoint());
    must(tx.release_savepoint());
  }
  SECTION("with a write after it") { must(tx.execute("INSERT INTO item(id) VALUES(3)")); }
  CHECK(code_of(tx.rollback_to_savepoint()) == Errc::internal);
  CHECK(code_of(tx.commit()) == Errc::internal);
  CHECK(store.count() == 0);
}

TEST_CASE("a last write within a savepoint that the store knows is undone like any other") {
  Store store;
  auto tx = must(store.database->begin());
  must(tx.savepoint());
  must(tx.execute("INSERT INTO item(id) VALUES(1)"));
  must(tx.execute_last("INSERT INTO item(id) VALUES(2)"));
  must(tx.rollback_to_savepoint());
  must(tx.release_savepoint());
  must(tx.commit());
  CHECK(store.count() == 0);
}

TEST_CASE("a BIGINT key costs no index of its own, and holds numbers only") {
  Store store;
  auto tx = must(store.database->begin());
  CHECK(count_rows(tx, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index'") == 1);  // that of UNIQUE
  CHECK_FALSE(tx.execute("INSERT INTO item(id) VALUES('one')"));
}

TEST_CASE("a second writer is told to come back") {
  Store store;
  auto other = open_store(store.dir / "s.db", OpenMode::existing);
  auto tx = must(store.database->begin());
  CHECK(code_of(other->begin()) == Errc::unavailable);
}

}  // namespace sallyport::vault::test
