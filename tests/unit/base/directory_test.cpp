#include "sallyport/base/directory.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sallyport/base/file.hpp"
#include "sallyport/base/regular_file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::base;
namespace fs = std::filesystem;

namespace {

struct stat about(const fs::path& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found;
}

std::string text_of(const fs::path& path) { return std::string(as_text(read_file(path, 100).value())); }

}  // namespace

TEST_CASE("a directory stays the one that was opened when another takes its path", "[directory]") {
  const test::TempDir dir;
  fs::create_directory(dir / "outer");
  const auto outer = Directory::open(dir / "outer").value();
  const auto inner = outer.make_child("inner", 0700).value();
  fs::rename(dir / "outer/inner", dir / "outer/aside");
  fs::create_directory(dir / "victim");
  fs::create_directory_symlink(dir / "victim", dir / "outer/inner");

  REQUIRE(inner.write_file("note", as_bytes("mine"), 0640));
  CHECK(text_of(dir / "outer/aside/note") == "mine");
  CHECK(fs::is_empty(dir / "victim"));
  const auto refused = outer.make_child("inner", 0700);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::invalid);
  CHECK(refused.error().context() == (dir / "outer/inner").string() + " is a symbolic link, which it may not be");
}

TEST_CASE("a file of a directory is opened only if it is a regular one, and the error says what stands there",
          "[directory]") {
  const test::TempDir dir;
  const auto directory = Directory::open(dir.path()).value();
  REQUIRE(write_file_atomic(dir / "file", as_bytes("x")));
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  fs::create_directory(dir / "folder");
  fs::create_symlink(dir / "file", dir / "link");
  CHECK(directory.open_file("file", O_RDONLY));
  CHECK(directory.open_file("none", O_RDONLY).error().code() == Errc::not_found);
  for (const auto& [name, what] :
       {std::pair{"pipe", "a named pipe"}, {"folder", "a directory"}, {"link", "a symbolic link"}}) {
    for (const int flags : {O_RDONLY, O_RDWR | O_CREAT}) {
      const auto refused = directory.open_file(name, flags);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code() == Errc::invalid);
      CHECK(refused.error().context() == (dir / name).string() + " is " + what + ", which it may not be");
    }
  }
}

TEST_CASE("reading a regular file waits for nobody and names what is none", "[file]") {
  const test::TempDir dir;
  REQUIRE(write_file_atomic(dir / "file", as_bytes("x")));
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (dir / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(read_regular_file(dir / "file", 10));
  CHECK(read_regular_file(dir / "none", 10).error().code() == Errc::not_found);
  CHECK(read_regular_file(dir / "pipe", 10).error().context() ==
        (dir / "pipe").string() + " is a named pipe, which it may not be");
  CHECK(read_secret_regular_file(dir / "socket", 10).error().context() ==
        (dir / "socket").string() + " is a socket, which it may not be");
}

TEST_CASE("what is given away was root's or its new owner's, and has one name", "[directory]") {
  if (::geteuid() != 0) return;
  const test::TempDir dir;
  const auto directory = Directory::open(dir.path()).value();
  const Gift gift{61003, 61003, 0640, 61009};
  const auto put = [&](const char* name, uid_t owner) {
    REQUIRE(write_file_atomic(dir / name, as_bytes("x")));
    REQUIRE(::chown((dir / name).c_str(), owner, owner) == 0);
  };
  for (const uid_t owner : {0U, 61003U, 61009U}) {
    put("file", owner);
    CHECK(directory.give_file("file", gift));
    CHECK(about(dir / "file").st_uid == 61003);
    CHECK((about(dir / "file").st_mode & 07777U) == 0640U);
  }
  put("roots", 0);
  CHECK(directory.give_file("roots", {61003, 61003, 0640, 61009, false}).error().code() == Errc::denied);
  CHECK(about(dir / "roots").st_uid == 0);
  put("strange", 61004);
  CHECK(directory.give_file("strange", gift).error().code() == Errc::denied);
  CHECK(about(dir / "strange").st_uid == 61004);
  put("victim", 0);
  fs::create_hard_link(dir / "victim", dir / "other");
  const auto refused = directory.give_file("other", gift);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().context().starts_with((dir / "other").string() + " has 2 names"));
  CHECK(about(dir / "victim").st_uid == 0);
}

TEST_CASE("what root writes for the owner of a directory is that one's", "[directory]") {
  if (::geteuid() != 0) return;
  const test::TempDir dir;
  REQUIRE(::chown(dir.path().c_str(), 61003, 61004) == 0);
  const auto directory = Directory::open(dir.path()).value();
  REQUIRE(directory.write_file("his", as_bytes("x"), 0600, NewOwner::of_directory));
  CHECK(about(dir / "his").st_uid == 61003);
  CHECK(about(dir / "his").st_gid == 61004);
  REQUIRE(directory.write_file("roots", as_bytes("x"), 0600));
  CHECK(about(dir / "roots").st_uid == 0);
}
