#include <sys/stat.h>

#include "sallyport/base/process.hpp"
#include "sallyport/base/text.hpp"
#include "sqlcipher_diagnosis.hpp"
#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

using sallyport::test::TempDir;

constexpr const char* kMarker = "a-word-that-must-not-be-readable";

void fill(Database& database, int rows) {
  auto tx = must(database.begin());
  must(tx.execute("CREATE TABLE note(id BIGINT PRIMARY KEY NOT NULL, text TEXT NOT NULL)"));
  for (int i = 0; i < rows; ++i)
    must(tx.execute("INSERT INTO note(id, text) VALUES($1, $2)", i, std::string(kMarker) + std::string(400, 'x')));
  must(tx.commit());
}

/// A closed store of a few pages; returns its bytes.
std::string make_store(const fs::path& file, int rows = 40) {
  fill(*open_store(file, OpenMode::create), rows);
  return slurp(file);
}

base::Result<std::unique_ptr<DriverConnection>> reopen(const fs::path& file, std::uint8_t key = 7) {
  return open_sqlcipher(file, fixed_key(key), OpenMode::existing);
}

/// The system's SQLCipher, with an exec() that ignores one pragma, as a library without it would.
std::string g_ignored;
decltype(SqlcipherLibrary::exec) g_real_exec = nullptr;
int deaf_exec(sqlite3* db, const char* sql, int (*row)(void*, int, char**, char**), void* out, char** message) {
  if (g_ignored == sql) return SQLITE_OK;
  return g_real_exec(db, sql, row, out, message);
}

}  // namespace

TEST_CASE("nothing readable reaches the store's files, and they are closed to others") {
  TempDir dir;
  auto database = open_store(dir / "s.db", OpenMode::create);
  fill(*database, 40);
  for (const char* name : {"s.db", "s.db-wal"}) {
    CAPTURE(name);
    const std::string bytes = slurp(dir / name);
    CHECK(bytes.find(kMarker) == std::string::npos);
    CHECK(bytes.find("SQLite format 3") == std::string::npos);
    struct stat status {};
    REQUIRE(::stat((dir / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
  }
}

TEST_CASE("the store opens again with its key") {
  TempDir dir;
  make_store(dir / "s.db");
  auto database = open_store(dir / "s.db", OpenMode::existing);
  auto tx = must(database->begin());
  CHECK(count_rows(tx, "SELECT COUNT(*) FROM note") == 40);
}

TEST_CASE("the sqlcipher program reads the store in the documented profile") {
  TempDir dir;
  make_store(dir / "s.db");
  const SecretBytes key = fixed_key();
  const SecretBytes script =
      secret("PRAGMA key = \"x'" + base::hex(key.expose()) +
             "'\"; PRAGMA cipher_compatibility=3; PRAGMA cipher_page_size=4096; SELECT COUNT(*) FROM note;");
  base::Command command{.argv = {"sqlcipher", (dir / "s.db").string()}, .environment = {"PATH=/usr/bin:/bin"}};
  command.input = &script;
  const auto ran = base::run(command);
  if (!ran && ran.error().code() == Errc::not_found) {
    WARN("the sqlcipher program is not installed");
    return;
  }
  const auto finished = must(ran);
  CHECK(finished.status == 0);
  const std::string out(base::as_text(finished.out));
  INFO(out);
  CHECK(out.find("40") != std::string::npos);
}

TEST_CASE("a plain SQLite library is refused") {
  static constexpr const char* kPlain[] = {"libsqlite3.so.0"};
  const auto library = SqlcipherLibrary::load(kPlain);
  CHECK(code_of(library) == Errc::unsupported);
  CHECK(text_of(library).find("libsqlite3.so.0 is not SQLCipher") != std::string::npos);
}

TEST_CASE("a missing library is named in what to install") {
  static constexpr const char* kNone[] = {"libsqlcipher-none.so"};
  CHECK(text_of(SqlcipherLibrary::load(kNone)).find("install libsqlcipher") != std::string::npos);
}

TEST_CASE("a library that ignores a pragma is refused") {
  TempDir dir;
  make_store(dir / "s.db");
  SqlcipherLibrary library = *must(SqlcipherLibrary::system());
  g_real_exec = library.exec;
  library.exec = deaf_exec;
  g_ignored = GENERATE(as<std::string>{}, "PRAGMA cipher_version", "PRAGMA cipher_page_size", "PRAGMA temp_store=2",
                       "PRAGMA cell_size_check=1", "PRAGMA foreign_keys=1", "PRAGMA journal_mode", "PRAGMA synchronous",
                       "PRAGMA mmap_size", "PRAGMA cache_size", "PRAGMA secure_delete", "PRAGMA wal_autocheckpoint",
                       "PRAGMA journal_size_limit=16777216");
  CAPTURE(g_ignored);
  CHECK(code_of(open_sqlcipher(library, dir / "s.db", fixed_key(), OpenMode::existing)) == Errc::unsupported);
}

TEST_CASE("a wrong key is denied, and the store is left as it was") {
  TempDir dir;
  const std::string before = make_store(dir / "s.db");
  const auto opened = reopen(dir / "s.db", 8);
  CHECK(code_of(opened) == Errc::denied);
  CHECK(text_of(opened).find((dir / "s.db").string()) != std::string::npos);
  CHECK(slurp(dir / "s.db") == before);
}

TEST_CASE("a file that is no store of ours is refused by name") {
  TempDir dir;
  const fs::path file = dir / "s.db";
  std::string bytes;
  Errc expected = Errc::corrupt;
  SECTION("empty") {}
  SECTION("plain SQLite") { bytes = std::string("SQLite format 3\0", 16) + std::string(8176, 'x'); }
  SECTION("plain SQLite, first bytes only") { bytes = "SQLite format 3"; }
  SECTION("shorter than a page") { bytes = std::string(100, 'q'); }
  SECTION("foreign") {
    bytes = std::string(8192, 'q');
    expected = Errc::denied;
  }
  spill(file, bytes);
  const auto opened = reopen(file);
  CHECK(code_of(opened) == expected);
  CHECK(text_of(opened).find(file.string()) != std::string::npos);
}

TEST_CASE("a missing store is not made by opening, an existing one not overwritten by making") {
  TempDir dir;
  CHECK(code_of(reopen(dir / "none.db")) == Errc::not_found);
  CHECK_FALSE(fs::exists(dir / "none.db"));
  const std::string before = make_store(dir / "s.db");
  CHECK(code_of(open_sqlcipher(dir / "s.db", fixed_key(), OpenMode::create)) == Errc::exists);
  CHECK(slurp(dir / "s.db") == before);
}

TEST_CASE("a truncated store is corrupt, wherever it was cut") {
  TempDir dir;
  const fs::path file = dir / "s.db";
  const std::string whole = make_store(file);
  const std::size_t cut = GENERATE(std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{9000});
  CAPTURE(cut, whole.size());
  spill(file, whole.substr(0, whole.size() - cut));
  CHECK(code_of(reopen(file)) == Errc::corrupt);
}

TEST_CASE("one changed byte is found, and its page named") {
  TempDir dir;
  const fs::path file = dir / "s.db";
  const std::string whole = make_store(file);
  const std::size_t pages = whole.size() / 4096;
  REQUIRE(pages > 4);
  for (std::size_t page = 0; page < pages; ++page) {
    for (const std::size_t at :
         {std::size_t{20}, std::size_t{100}, std::size_t{2000}, std::size_t{4050}, std::size_t{4070}}) {
      const std::size_t offset = page * 4096 + at;
      CAPTURE(page + 1, at);
      std::string changed = whole;
      changed[offset] = static_cast<char>(changed[offset] ^ 1);
      spill(file, changed);
      const auto opened = reopen(file);
      REQUIRE(code_of(opened) == Errc::corrupt);
      REQUIRE(text_of(opened).find("page " + std::to_string(page + 1) + " of " + std::to_string(pages)) !=
              std::string::npos);
    }
  }
}

TEST_CASE("a changed salt opens nothing") {
  TempDir dir;
  std::string changed = make_store(dir / "s.db");
  changed[3] = static_cast<char>(changed[3] ^ 1);
  spill(dir / "s.db", changed);
  CHECK(code_of(reopen(dir / "s.db")) == Errc::denied);
}

TEST_CASE("after opening, SQL cannot attach, set pragmas, make virtual tables or load code") {
  TempDir dir;
  auto database = open_store(dir / "s.db", OpenMode::create);
  auto tx = must(database->begin());
  SECTION("attach") { CHECK_FALSE(tx.script("ATTACH DATABASE ':memory:' AS x")); }
  SECTION("detach") { CHECK_FALSE(tx.script("DETACH DATABASE main")); }
  SECTION("pragma") { CHECK(code_of(tx.script("PRAGMA synchronous=0")) == Errc::denied); }
  SECTION("virtual table") { CHECK_FALSE(tx.script("CREATE VIRTUAL TABLE x USING fts3(a)")); }
  SECTION("load code") { CHECK_FALSE(tx.script("SELECT load_extension('/tmp/x')")); }
  SECTION("export") { CHECK_FALSE(tx.script("SELECT sqlcipher_export('main')")); }
  CHECK_FALSE(tx.commit());
}

TEST_CASE("a value larger than the bound is refused") {
  TempDir dir;
  auto database = open_store(dir / "s.db", OpenMode::create);
  fill(*database, 0);
  auto tx = must(database->begin());
  const base::Bytes large((4U << 20U) + 1U);
  CHECK(code_of(tx.execute("INSERT INTO note(id, text) VALUES(1, $1)", large)) == Errc::limit);
}

}  // namespace sallyport::vault::test
