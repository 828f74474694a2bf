#include "sallyport/base/file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::base;

TEST_CASE("an atomic write replaces the whole file and keeps it private", "[file]") {
  const test::TempDir dir;
  const auto path = dir / "header";
  REQUIRE(write_file_atomic(path, as_bytes("one")));
  REQUIRE(write_file_atomic(path, as_bytes("two")));
  CHECK(as_text(read_file(path, 100).value()) == "two");
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0600U);
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("a failed atomic write leaves the old file and no litter", "[file]") {
  const test::TempDir dir;
  std::filesystem::create_directory(dir / "taken");
  CHECK_FALSE(write_file_atomic(dir / "taken", as_bytes("x")));
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("reading is bounded and says what is missing", "[file]") {
  const test::TempDir dir;
  REQUIRE(write_file_atomic(dir / "f", as_bytes("0123456789")));
  CHECK(read_file(dir / "f", 10).value().size() == 10);
  CHECK(read_file(dir / "f", 9).error().code() == Errc::limit);
  CHECK(read_secret_file(dir / "f", 9).error().code() == Errc::limit);
  CHECK(read_file(dir / "gone", 9).error().code() == Errc::not_found);
  CHECK(read_file("/proc/self/status", 1U << 20U).value().size() > 100);  // a file whose size reads as 0
}

TEST_CASE("a person's own files are not taken from another user", "[file]") {
  const test::TempDir dir;
  REQUIRE(make_own_directory(dir / "own"));
  REQUIRE(write_file_atomic(dir / "own/token", as_bytes("0123456789")));
  CHECK(make_own_directory(dir / "own"));
  CHECK(read_own_secret_file(dir / "own/token", 10));
  CHECK(read_own_secret_file(dir / "own/gone", 10).error().code() == Errc::not_found);
  if (::geteuid() != 0) return;  // gives nothing away
  REQUIRE(::chown((dir / "own").c_str(), 65534, 65534) == 0);
  REQUIRE(::chown((dir / "own/token").c_str(), 65534, 65534) == 0);
  CHECK(make_private_directory(dir / "own"));
  for (const auto& refused :
       {make_own_directory(dir / "own").error(), read_own_secret_file(dir / "own/token", 10).error()}) {
    CHECK(refused.code() == Errc::denied);
    CHECK(refused.context().find("uid 65534") != std::string::npos);
  }
}

TEST_CASE("a directory that others may write is refused", "[file]") {
  const test::TempDir dir;
  REQUIRE(make_private_directory(dir / "data"));
  REQUIRE(make_private_directory(dir / "data"));
  std::filesystem::permissions(dir / "data", std::filesystem::perms::all);
  CHECK(make_private_directory(dir / "data").error().code() == Errc::denied);
}
