#include "sallyport/base/file_replacement.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::base;

namespace {

std::string content(const std::filesystem::path& path) { return std::string(as_text(read_file(path, 100).value())); }
auto files_in(const test::TempDir& dir) { return std::distance(std::filesystem::directory_iterator(dir.path()), {}); }

}  // namespace

TEST_CASE("a replaced file is the old one until the commit, then the new one and private", "[file]") {
  const test::TempDir dir;
  const auto path = dir / "audit.log";
  REQUIRE(write_file_atomic(path, as_bytes("old"), 0644));
  auto file = std::move(FileReplacement::begin(path)).value();
  REQUIRE(file.write(as_bytes("ne")));
  REQUIRE(file.write(as_bytes("w")));
  CHECK(content(path) == "old");
  REQUIRE(file.commit());
  CHECK(content(path) == "new");
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0600U);
  CHECK(files_in(dir) == 1);
}

TEST_CASE("a replacement that is given up leaves the old file and no litter", "[file]") {
  const test::TempDir dir;
  const auto path = dir / "audit.log";
  REQUIRE(write_file_atomic(path, as_bytes("old")));
  {
    auto file = std::move(FileReplacement::begin(path)).value();
    REQUIRE(file.write(as_bytes("half")));
  }
  CHECK(content(path) == "old");
  CHECK(files_in(dir) == 1);
}

TEST_CASE("a replacement takes the place of no link, device or directory", "[file]") {
  const test::TempDir dir;
  std::filesystem::create_directory(dir / "directory");
  std::filesystem::create_symlink(dir / "directory", dir / "link");
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  for (const auto& path : {dir / "directory", dir / "link", dir / "fifo", std::filesystem::path("/dev/null")})
    CHECK(FileReplacement::begin(path).error().code() == Errc::invalid);
  CHECK(FileReplacement::begin(dir / "nowhere" / "file").error().code() == Errc::not_found);
  CHECK(files_in(dir) == 3);
}
