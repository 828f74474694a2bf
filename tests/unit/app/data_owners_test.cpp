// The start, as root, on a data directory in which each process may have put what it likes: nothing outside is touched.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.hpp"
#include "reach.hpp"
#include "sallyport/app/privileges.hpp"
#include "sallyport/app/server_main.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport::app;
namespace base = sallyport::base;
using sallyport::test::apart;
namespace fs = std::filesystem;

namespace {

struct stat about(const fs::path& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found;
}

constexpr auto kFiles = {"header",        "vault.db",   "vault.db-wal",   "audit.checkpoint",     "ca.key",
                         "lock",          "tls/ca.pem", "tls/server.pem", "tls/server.key",       "ssh/host_ed25519",
                         "ssh/host_rsa",  "run/lock",   "ssh/host_ecdsa", "ssh/host_ed25519.pub", "recordings/x.spr",
                         "run/ready.json"};
constexpr auto kDirectories = {"run", "recordings", "tls", "ssh"};

/// A data directory after a start, and a stranger's file and directory beside it that nobody but root may read.
struct Stage {
  Stage() {
    REQUIRE(prepare_data_directory(data, Identities{}));
    for (const auto* file : kFiles) REQUIRE(base::write_file_atomic(data / file, base::as_bytes("x")));
    REQUIRE(prepare_data_directory(data, who));
    REQUIRE(base::write_file_atomic(victim, base::as_bytes("secret"), 0600));
    fs::create_directory(victims);
    ::chmod(victims.c_str(), 0700);
    for (const auto* name : {"ca.pem", "server.key", "header", "ready.json", "host_rsa", "x.spr"})
      REQUIRE(base::write_file_atomic(victims / name, base::as_bytes("secret"), 0600));
  }

  bool untouched() const {
    bool right = true;
    for (const auto& entry : fs::recursive_directory_iterator(outside.path())) {
      const auto seen = about(entry.path());
      right = right && seen.st_uid == 0 && seen.st_gid == 0 && (seen.st_mode & 077U) == 0;
      if (S_ISREG(seen.st_mode)) right = right && base::as_text(base::read_file(entry.path(), 100).value()) == "secret";
    }
    return right;
  }

  sallyport::test::TempDir inside, outside;
  fs::path data = inside / "data", victim = outside / "victim", victims = outside / "victims";
  Identities who = apart();
};

enum class With { link, pipe, hard_link, directory };

void replace(const fs::path& path, With what, const fs::path& victim) {
  const auto owner = about(path.parent_path()).st_uid;
  fs::remove_all(path);
  if (what == With::link) fs::create_symlink(victim, path);
  if (what == With::pipe) REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  if (what == With::hard_link) return fs::create_hard_link(victim, path);
  if (what == With::directory) fs::create_directory(path);
  REQUIRE(::lchown(path.c_str(), owner, owner) == 0);
}

}  // namespace

TEST_CASE("a start changes nothing outside the data directory, whatever stands in the place of a file") {
  if (::geteuid() != 0) return;
  Stage stage;
  const auto* file = GENERATE(values(kFiles));
  const auto what = GENERATE(With::link, With::pipe, With::hard_link, With::directory);
  CAPTURE(file, static_cast<int>(what));
  replace(stage.data / file, what, stage.victim);
  const auto prepared = prepare_data_directory(stage.data, stage.who);
  CHECK(stage.untouched());
  const bool given = !std::string(file).starts_with("run/") && std::string(file) != "ca.key";
  if (what == With::hard_link && given) {
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().context().find((stage.data / file).string()) != std::string::npos);
  } else {
    CHECK(prepared);
  }
}

TEST_CASE("a start refuses what stands in the place of a directory, and names it") {
  if (::geteuid() != 0) return;
  Stage stage;
  const auto* directory = GENERATE(values(kDirectories));
  const auto what = GENERATE(With::link, With::pipe, With::hard_link);
  CAPTURE(directory, static_cast<int>(what));
  replace(stage.data / directory, what, what == With::link ? stage.victims : stage.victim);
  const auto prepared = prepare_data_directory(stage.data, stage.who);
  REQUIRE_FALSE(prepared);
  CHECK(prepared.error().context().find((stage.data / directory).string()) != std::string::npos);
  CHECK(stage.untouched());
}

TEST_CASE("directories that were exchanged are not given to each other's owners") {
  if (::geteuid() != 0) return;
  Stage stage;
  fs::rename(stage.data / "tls", stage.data / "aside");
  fs::rename(stage.data / "ssh", stage.data / "tls");
  fs::rename(stage.data / "aside", stage.data / "ssh");
  const auto prepared = prepare_data_directory(stage.data, stage.who);
  REQUIRE_FALSE(prepared);
  CHECK(prepared.error().context().find("belongs to uid 61003") != std::string::npos);
  CHECK(about(stage.data / "tls/host_ed25519").st_uid == 61002);
}

TEST_CASE("what is root's is given to nobody under a name that another could give it") {
  if (::geteuid() != 0) return;
  Stage stage;
  REQUIRE(base::write_file_atomic(stage.data / "note", base::as_bytes("secret"), 0600));
  const auto* file = GENERATE("ca.key", "note");
  SECTION("another name") {
    fs::rename(stage.data / file, stage.data / "ca.key.old");
    CHECK(prepare_data_directory(stage.data, stage.who));
    CHECK(about(stage.data / "ca.key.old").st_uid == 0);
    CHECK((about(stage.data / "ca.key.old").st_mode & 0777U) == 0600U);
  }
  SECTION("a name of the vault's") {
    const auto* name = GENERATE("header", "vault.db", "audit.checkpoint", "lock", "vault.db-wal", "development.key");
    fs::rename(stage.data / file, stage.data / name);
    const auto prepared = prepare_data_directory(stage.data, stage.who);
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().context().find((stage.data / name).string() + " is root's") == 0);
    CHECK(about(stage.data / name).st_uid == 0);
  }
  SECTION("a name of web's, in web's directory") {
    fs::rename(stage.data / file, stage.data / "tls/server.key");
    CHECK_FALSE(prepare_data_directory(stage.data, stage.who));
    CHECK(about(stage.data / "tls/server.key").st_uid == 0);
  }
  SECTION("in a directory of the vault's, called one of web's") {
    fs::rename(stage.data / "tls", stage.data / "aside");
    fs::create_directory(stage.data / "tls");
    REQUIRE(::chown((stage.data / "tls").c_str(), 61001, 61001) == 0);
    fs::rename(stage.data / file, stage.data / "tls/server.key");
    CHECK_FALSE(prepare_data_directory(stage.data, stage.who));
    CHECK(about(stage.data / "tls/server.key").st_uid == 0);
  }
}

TEST_CASE("a start that failed half-way is gone on with by the next") {
  if (::geteuid() != 0) return;
  Stage stage;
  REQUIRE(::chown(stage.data.c_str(), 0, 0) == 0);
  for (const auto* later : {"header", "vault.db", "tls", "tls/server.key", "tls/ca.pem"})
    REQUIRE(::chown((stage.data / later).c_str(), 0, 0) == 0);
  REQUIRE(prepare_data_directory(stage.data, stage.who));
  CHECK(about(stage.data / "header").st_uid == 61001);
  CHECK(about(stage.data / "tls/server.key").st_uid == 61003);
}

TEST_CASE("a directory of root's is given to nobody under a name that another could give it") {
  if (::geteuid() != 0) return;
  Stage stage;
  fs::create_directory(stage.data / "backup");
  REQUIRE(base::write_file_atomic(stage.data / "backup/server.key", base::as_bytes("secret"), 0600));
  const auto* name = GENERATE(values(kDirectories));
  fs::rename(stage.data / name, stage.data / "aside");
  fs::rename(stage.data / "backup", stage.data / name);
  CHECK_FALSE(prepare_data_directory(stage.data, stage.who));
  CHECK(about(stage.data / name).st_uid == 0);
  CHECK(about(stage.data / name / "server.key").st_uid == 0);
}

TEST_CASE("a directory that is missing is made and given, a file of no known name stays whose it is") {
  if (::geteuid() != 0) return;
  Stage stage;
  fs::remove_all(stage.data / "run");
  for (const auto* file : {"tls/other.key", "ssh/notes", "recordings/notes"})
    REQUIRE(base::write_file_atomic(stage.data / file, base::as_bytes("x"), 0600));
  REQUIRE(prepare_data_directory(stage.data, stage.who));
  CHECK(about(stage.data / "run").st_uid == 61001);
  for (const auto* file : {"tls/other.key", "ssh/notes", "recordings/notes"})
    CHECK(about(stage.data / file).st_uid == 0);
}

TEST_CASE("a data directory that was an ordinary user's goes to the processes whole") {
  if (::geteuid() != 0) return;
  Stage stage;
  const auto give_all = [&](uid_t owner) {
    REQUIRE(::chown(stage.data.c_str(), owner, owner) == 0);
    for (const auto& entry : fs::recursive_directory_iterator(stage.data))
      REQUIRE(::chown(entry.path().c_str(), owner, owner) == 0);
  };
  const uid_t owner = GENERATE(1000U, 0U);
  give_all(owner);
  REQUIRE(prepare_data_directory(stage.data, stage.who));
  CHECK(about(stage.data).st_uid == 61001);
  CHECK(about(stage.data / "header").st_uid == 61001);
  CHECK(about(stage.data / "ssh/host_rsa").st_uid == 61002);
  CHECK(about(stage.data / "tls/server.key").st_uid == 61003);
  CHECK((about(stage.data / "tls/ca.pem").st_mode & 0777U) == 0644U);
  CHECK(about(stage.data / "ca.key").st_uid == owner);
  CHECK((about(stage.data / "recordings").st_mode & 07777U) == 02750U);
}

TEST_CASE("a start names the directory above that a process can't enter") {
  if (::geteuid() != 0) return;
  const sallyport::test::TempDir above;
  ::chmod(above.path().c_str(), 0711);
  const auto closed = above / "closed";
  const auto data = closed / "data";
  fs::create_directories(data);
  const auto who = apart();
  REQUIRE(prepare_data_directory(data, who));
  ::chmod(closed.c_str(), 0711);
  CHECK(check_reach(data, who));
  CHECK(check_reach(data, Identities{}));
  ::chmod(closed.c_str(), 0700);
  CHECK_FALSE(check_way(data, who));
  const auto refused = check_reach(data, who);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().context().find("the process vault (uid 61001) can't enter " + closed.string() + ",") == 0);
  // The directory itself is a start's to open.
  ::chmod(closed.c_str(), 0711);
  ::chmod(data.c_str(), 0700);
  CHECK_FALSE(check_reach(data, who));
  CHECK(check_way(data, who));
  CHECK(check_way(data.string() + "/", who));
  REQUIRE(prepare_data_directory(data, who));
  ::chmod(closed.c_str(), 0700);
  // A group that may enter is enough, for whom it is.
  REQUIRE(::chown(closed.c_str(), 0, 61001) == 0);
  ::chmod(closed.c_str(), 0710);
  CHECK(first_closed_directory(data, *who.vault).value() == std::nullopt);
  CHECK(first_closed_directory(data, *who.web).value() == closed);
}
